import { describe, expect, test } from 'vitest'
import { summarise } from '#shared/statistics'

describe('summarise', () => {
  test('gives the figures of a calculation by hand', () => {
    // Mean 4, squares 4 + 0 + 4 = 8, variance 8 / 2 = 4; t(0.975, 2) = 4.30265, half 4.30265 * 2 / sqrt(3) = 4.96827.
    const { count, mean, deviation, interval } = summarise([2, 4, 6])
    expect([count, mean, deviation]).toEqual([3, 4, 2])
    expect(interval!.low).toBeCloseTo(-0.96827, 4)
    expect(interval!.high).toBeCloseTo(8.96827, 4)
  })

  test('of three accuracies, the usual case', () => {
    // 0.90, 0.92, 0.94: deviation 0.02, half 4.30265 * 0.02 / 1.7320508 = 0.0496827.
    const { mean, deviation, interval } = summarise([0.92, 0.9, 0.94])
    expect(mean).toBeCloseTo(0.92, 12)
    expect(deviation).toBeCloseTo(0.02, 12)
    expect(interval!.high - mean).toBeCloseTo(0.0496827, 6)
  })

  test('claims no spread of one value', () => {
    expect(summarise([0.5])).toEqual({ count: 1, mean: 0.5, deviation: null, interval: null })
    expect(() => summarise([])).toThrow(RangeError)
  })

  test.each([
    [1, 12.7062],
    [20, 2.08596],
    [21, 2.07961],
    [30, 2.04227],
    [60, 2.0003],
    [120, 1.97993],
  ])("knows Student's t for %i degrees of freedom", (degrees, quantile) => {
    // Half of the values 1, the others -1, and one 0 where the count is odd.
    const count = degrees + 1
    const values = Array.from({ length: count }, (_, i) =>
      count % 2 === 1 && i === 0 ? 0 : i % 2 === 0 ? 1 : -1,
    )
    const { deviation, interval } = summarise(values)
    const half = (interval!.high - interval!.low) / 2
    expect((half * Math.sqrt(count)) / deviation!).toBeCloseTo(quantile, 4)
  })
})
