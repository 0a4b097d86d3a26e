import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  alphaDifference,
  countDominants,
  isSingleDominant,
  margins,
  maximumDominants,
  nearTies,
  optionWeights,
  searchSpaceSize,
  selectContextLengths,
} from '#shared/alpha-matrix'

const matrix = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 7 }))
  .chain(([layers, options]) =>
    fc.array(
      fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: options, maxLength: options }),
      {
        minLength: layers,
        maxLength: layers,
      },
    ),
  )

describe('an alpha matrix', () => {
  test('selects the largest alpha of each layer, the shorter prompt on ties', () => {
    const alpha = [
      [0.1, 0.5, 0.2, 0],
      [1, 1, 0, 0],
      [0, 0, 0, 3],
    ]
    expect(selectContextLengths(alpha, [0, 2, 4, 6])).toEqual([2, 0, 6])
  })

  test('has an alpha difference of t times the winners weight minus one, summed (T16)', () => {
    fc.assert(
      fc.property(matrix, (alpha) => {
        const closed = optionWeights(alpha).reduce((sum, row) => sum + row.length * Math.max(...row) - 1, 0)
        expect(alphaDifference(alpha)).toBeCloseTo(closed, 9)
      }),
    )
  })

  test('is single-dominant exactly when every layer counts all its other options (T16)', () => {
    fc.assert(
      fc.property(matrix, (alpha) => {
        expect(isSingleDominant(alpha)).toBe(countDominants(alpha) === maximumDominants(alpha))
        expect(countDominants(alpha, 2)).toBeGreaterThanOrEqual(countDominants(alpha, 10))
      }),
    )
    expect(isSingleDominant([[0, 5, 0, 0]])).toBe(true)
    expect(isSingleDominant([[0, 2, 0, 0]])).toBe(false)
    expect(maximumDominants(new Array(12).fill([0, 0, 0, 0]))).toBe(36)
  })

  test('counts a dominant from ten times the option weight on', () => {
    expect(countDominants([[0, Math.log(10) + 1e-9]])).toBe(1)
    expect(countDominants([[0, Math.log(10) - 1e-9]])).toBe(0)
  })

  test('names layers whose two best options nearly tie', () => {
    const alpha = [
      [0, 0.5, -3],
      [0, 2, 0],
    ]
    expect(margins(alpha)).toEqual([0.5, 2])
    expect(nearTies(alpha)).toEqual([0])
  })

  test('knows the size of the search space', () => {
    expect(searchSpaceSize(4, 24)).toBe(281474976710656)
  })
})
