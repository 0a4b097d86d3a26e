import { describe, expect, test } from 'vitest'
import { answerOf, mostProbable, probabilities, summarise } from '#main/engine/metrics/accuracy'

describe('a summary', () => {
  // true 0: two right, one taken for 1; true 1: one right; class 2 never occurs but is answered once.
  const answers = [
    { label: 0, predicted: 0, loss: 1 },
    { label: 0, predicted: 0, loss: 2 },
    { label: 0, predicted: 1, loss: 3 },
    { label: 1, predicted: 1, loss: 0 },
    { label: 1, predicted: 2, loss: 4 },
  ]
  const summary = summarise(answers, ['cat', 'dog', 'cow'])

  test('counts right answers, per class and in all', () => {
    expect(summary.accuracy).toBe(0.6)
    expect(summary.loss).toBe(2)
    expect(summary.classes.map(({ accuracy }) => accuracy)).toEqual([2 / 3, 1 / 2, null])
    expect(summary.confusion).toEqual([
      [2, 1, 0],
      [0, 1, 1],
      [0, 0, 0],
    ])
  })

  test('averages F1 over the classes that occur', () => {
    expect(summary.classes.map(({ f1 }) => f1)).toEqual([4 / 5, 2 / 4, null])
    expect(summary.macroF1).toBeCloseTo((4 / 5 + 2 / 4) / 2)
  })
})

describe('an answer', () => {
  test('is the first of equal scores and carries the cross-entropy', () => {
    const answer = answerOf([1, 3, 3], 0)
    expect(answer.predicted).toBe(1)
    expect(answer.loss).toBeCloseTo(-Math.log(probabilities([1, 3, 3])[0]!))
  })

  test('stays finite for scores as large as 100 times a cosine', () => {
    expect(answerOf([100, -100], 1).loss).toBeCloseTo(200)
  })
})

describe('the most probable classes', () => {
  test('come best first with their probabilities, of equal ones the first, which is the answer', () => {
    const scores = [1, 3, 3, 2]
    const best = mostProbable(scores, 3)
    expect(best.map(({ label }) => label)).toEqual([1, 2, 3])
    expect(best[0]!.label).toBe(answerOf(scores, 0).predicted)
    expect(best[0]!.probability).toBeCloseTo(probabilities(scores)[1]!)
    expect(mostProbable([0, 1], 5)).toHaveLength(2)
  })
})
