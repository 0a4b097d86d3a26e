import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  classOrder,
  confusedPairs,
  rowShare,
} from '../../../../src/renderer/src/components/results/confusion.ts'

const matrix = [
  [8, 2, 0],
  [0, 10, 0],
  [3, 2, 5],
]
const matrices = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.array(fc.array(fc.nat(9), { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
  )

describe('confused pairs', () => {
  it('lists what was mixed up, most often first, then by share', () => {
    expect(confusedPairs(matrix)).toEqual([
      { label: 2, predicted: 0, count: 3, share: 0.3 },
      { label: 0, predicted: 1, count: 2, share: 0.2 },
      { label: 2, predicted: 1, count: 2, share: 0.2 },
    ])
  })

  it('holds every wrong answer once', () => {
    fc.assert(
      fc.property(matrices, (confusion) => {
        const wrong = confusion.flatMap((row, i) => row.filter((_, j) => i !== j)).reduce((a, b) => a + b, 0)
        expect(confusedPairs(confusion).reduce((sum, { count }) => sum + count, 0)).toBe(wrong)
      }),
    )
  })
})

describe('the order of classes', () => {
  it('is that of the labels, or what is mixed up most first', () => {
    expect(classOrder(matrix, 'class')).toEqual([0, 1, 2])
    // wrong answers of and with each class: 2 + 3, 0 + 4, 5 + 0
    expect(classOrder(matrix, 'confusion')).toEqual([0, 2, 1])
  })

  it('holds every class once', () => {
    fc.assert(
      fc.property(matrices, (confusion) => {
        const order = classOrder(confusion, 'confusion')
        expect([...order].sort((a, b) => a - b)).toEqual(confusion.map((_, label) => label))
      }),
    )
  })
})

describe('the share of a cell', () => {
  it('is of the pictures of its class', () => {
    expect(rowShare(matrix, 2, 0)).toBe(0.3)
    expect(rowShare([[0]], 0, 0)).toBe(0)
  })
})
