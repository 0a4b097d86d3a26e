import { describe, expect, test } from 'vitest'
import { bytes, duration, percent } from '#main/cli/format'
import { createProgress } from '#main/cli/progress'
import { choiceText, epochLine, resultText } from '#main/cli/run-view'
import { table } from '#main/cli/table'
import type { Evaluation } from '#shared/schemas/run'
import type { Run } from '#shared/schemas/run-record'
import { runRow, searchEpoch, trainEpoch } from '../../support/records.ts'

function recorder(isTTY: boolean) {
  const written: string[] = []
  return { written, stream: { isTTY, columns: 60, write: (text: string) => written.push(text) } }
}

describe('progress', () => {
  test('on a terminal is one line that is written over', () => {
    let time = 0
    const { written, stream } = recorder(true)
    const progress = createProgress(stream, () => (time += 1000))
    progress.status('search 1/2', 0.5)
    progress.status('search 2/2', 1)
    progress.line('done')
    expect(written[0]).toBe('\r\x1b[K[##########----------] search 1/2')
    expect(written.slice(-2)).toEqual(['\r\x1b[K', 'done\n'])
  })

  test('elsewhere is whole lines only, and each stage once', () => {
    const { written, stream } = recorder(false)
    const progress = createProgress(stream)
    progress.status('search 1/2', 0.5)
    for (let done = 0; done < 5; done++) progress.stage('Checking images', done, 5, null)
    progress.line('done')
    progress.clear()
    expect(written).toEqual(['Checking images\n', 'done\n'])
  })

  test('never wraps a line', () => {
    const { written, stream } = recorder(true)
    createProgress(stream).status('x'.repeat(200))
    expect(written[0]!.length).toBeLessThanOrEqual(60 + '\r\x1b[K'.length)
  })
})

describe('an epoch in one line', () => {
  test('of the search shows alpha difference and dominants with their ceiling', () => {
    const line = epochLine(searchEpoch(3))
    expect(line).toContain('search 3/3')
    expect(line).toContain('loss 0.3333')
    expect(line).toMatch(/α difference \d\.\d\d\/\d\.\d\d {2}dominants 2\/2 of 4/)
  })

  test('before the first step has no losses', () => {
    expect(epochLine(searchEpoch(0))).not.toContain('loss')
  })

  test('of the training shows the parts of the loss when there are two', () => {
    expect(epochLine(trainEpoch(2, { distillationLoss: 0.25 }))).toContain('distillation 0.2500')
    expect(epochLine(trainEpoch(2))).not.toContain('distillation')
  })
})

describe('the choice of the search', () => {
  test('is told layer by layer, with margins and near ties', () => {
    const alpha = [
      [5, 0],
      [0, 0.1],
    ]
    const text = choiceText(searchEpoch(3, { alpha: { text: alpha, image: null } }), [0, 4])
    expect(text).toContain('context lengths 0 4')
    expect(text).toContain('4 prompt tokens')
    expect(text).toContain('margins 5.00 0.10; near ties in layers 2')
    expect(text).not.toContain('image')
  })
})

describe('the result of a run', () => {
  const evaluation = (accuracies: number[]): Evaluation => ({
    split: 'test',
    images: 20,
    accuracy: accuracies.reduce((a, b) => a + b, 0) / accuracies.length,
    macroF1: 0.5,
    loss: 1,
    classes: accuracies.map((accuracy, index) => ({ name: `class ${index}`, images: 10, accuracy, f1: 0.5 })),
    confusion: [],
    seconds: 1,
  })
  const run = { ...runRow(), folder: '/runs/r1', name: 'r1', status: 'finished' } as unknown as Run

  test('says how it compares with zero-shot and which classes got worse', () => {
    const text = resultText(run, { zeroShot: evaluation([0.5, 0.5]), dpl: evaluation([0.4, 0.9]) })
    expect(text).toContain('15.0 points better than zero-shot on 20 test images')
    expect(text).toContain('worse than zero-shot: class 0')
  })

  test('does not hide that it is worse', () => {
    const text = resultText(run, { zeroShot: evaluation([0.5, 0.5]), dpl: evaluation([0.4, 0.4]) })
    expect(text).toContain('10.0 points worse than zero-shot')
  })
})

describe('numbers', () => {
  test('are written for people', () => {
    expect([percent(0.8312), percent(null)]).toEqual(['83.1 %', '-'])
    expect([duration(75), duration(3700), duration(null)]).toEqual(['1:15', '1:01:40', '-'])
    expect([bytes(999), bytes(12_345_678)]).toEqual(['999 B', '12.3 MB'])
  })

  test('stand on the right in a table', () => {
    expect(
      table([
        ['class', 'n'],
        ['cat', 5],
        ['🐕', 12],
      ]),
    ).toBe('class  n\ncat     5\n🐕      12')
  })
})
