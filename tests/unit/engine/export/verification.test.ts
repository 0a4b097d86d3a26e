import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { compareAnswers } from '#main/engine/export/verification'

describe('compareAnswers', () => {
  const expected = [
    [0.7, 0.2, 0.1],
    [0.1, 0.6, 0.3],
  ]

  test('passes equal answers', () => {
    expect(compareAnswers(expected, expected, 0)).toEqual({
      images: 2,
      maxProbabilityDifference: 0,
      agreement: 1,
      tolerance: 0,
      passed: true,
    })
  })

  test('reports the largest difference of any class', () => {
    const verification = compareAnswers(expected, [expected[0]!, [0.1, 0.55, 0.35]], 0.01)
    expect(verification.maxProbabilityDifference).toBeCloseTo(0.05)
    expect(verification).toMatchObject({ agreement: 1, passed: false })
  })

  test('does not pass when an answer changed, however small the difference', () => {
    const close = [[0.5001, 0.4999]]
    expect(compareAnswers(close, [[0.4999, 0.5001]], 0.01)).toMatchObject({ agreement: 0, passed: false })
  })

  test('does not pass without any image', () => {
    expect(compareAnswers([], [], 1)).toMatchObject({ images: 0, passed: false })
  })

  test('counts numbers that are not finite as the largest difference', () => {
    expect(compareAnswers([[0.5, 0.5]], [[NaN, 0.5]], 0.5)).toMatchObject({
      maxProbabilityDifference: 1,
      passed: false,
    })
  })

  test('agrees with a plain count', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    const rows = fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(rows, rows, (first, second) => {
        const n = Math.min(first.length, second.length)
        const [a, b] = [first.slice(0, n), second.slice(0, n)]
        const equal = a.filter((row, i) => row[1] > row[0] === b[i]![1] > b[i]![0]).length
        expect(compareAnswers(a, b, 1).agreement).toBeCloseTo(equal / n)
      }),
    )
  })

  test('refuses answers to other images or classes', () => {
    expect(() => compareAnswers(expected, [expected[0]!], 1)).toThrow(RangeError)
    expect(() => compareAnswers(expected, [[0.5, 0.5], expected[1]!], 1)).toThrow(RangeError)
  })
})
