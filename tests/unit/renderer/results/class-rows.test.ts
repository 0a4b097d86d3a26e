import { describe, expect, it } from 'vitest'
import type { Evaluation } from '#shared/schemas/run'
import { classRows, sortClasses } from '../../../../src/renderer/src/components/results/class-rows.ts'

function evaluation(confusion: number[][]): Evaluation {
  const sum = (row: number[]) => row.reduce((a, b) => a + b, 0)
  return {
    split: 'test',
    images: sum(confusion.map(sum)),
    accuracy: 0,
    macroF1: 0,
    loss: 0,
    classes: confusion.map((row, label) => ({
      name: `class ${label}`,
      images: sum(row),
      accuracy: sum(row) === 0 ? null : row[label]! / sum(row),
      f1: null,
    })),
    confusion,
    seconds: 1,
  }
}

describe('the lines of the classes', () => {
  const now = evaluation([
    [6, 4, 0],
    [1, 9, 0],
    [0, 0, 0],
  ])
  const before = evaluation([
    [8, 2, 0],
    [5, 5, 0],
    [0, 0, 0],
  ])

  it('finds the class that became worse than zero-shot', () => {
    const rows = classRows(now, before)
    expect(rows.filter(({ change }) => change !== null && change < 0).map(({ name }) => name)).toEqual([
      'class 0',
    ])
    expect(rows[0]).toMatchObject({ images: 10, recall: 0.6, precision: 6 / 7, zeroShot: 0.8 })
    expect(rows[1]!.change).toBeCloseTo(0.4, 12)
  })

  it('has nothing to say of a class without pictures, nor of changes without zero-shot', () => {
    expect(classRows(now, before)[2]).toMatchObject({ recall: null, precision: null, change: null })
    expect(classRows(now, undefined).every(({ zeroShot }) => zeroShot === null)).toBe(true)
  })

  it('sorts, with what has no value last', () => {
    const rows = classRows(now, before)
    const labels = (descending: boolean) => sortClasses(rows, 'change', descending).map(({ label }) => label)
    expect(labels(false)).toEqual([0, 1, 2])
    expect(labels(true)).toEqual([1, 0, 2])
    expect(sortClasses(rows, 'name', true).map(({ label }) => label)).toEqual([2, 1, 0])
  })
})
