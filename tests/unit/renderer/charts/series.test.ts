import { describe, expect, it } from 'vitest'
import {
  epochsOf,
  nearestEpoch,
  nthLook,
  seriesTable,
  smooth,
  stepEpoch,
  toCsv,
  valueAt,
  type EpochSeries,
} from '../../../../src/renderer/src/charts/series.ts'

const line = (id: string, points: EpochSeries['points']): EpochSeries => ({
  id,
  name: id,
  tone: '1',
  dash: 'solid',
  marker: 'circle',
  points,
})

describe('series over epochs', () => {
  const train = line('train', [
    [1, 2],
    [2, 1.5],
    [3, 1],
  ])
  const validation = line('validation', [
    [2, 1.75],
    [3, null],
  ])

  it('share one table with a row per epoch', () => {
    expect(epochsOf([validation, train])).toEqual([1, 2, 3])
    expect(seriesTable([train, validation])).toEqual({
      head: ['train', 'validation'],
      rows: [
        [1, 2, null],
        [2, 1.5, 1.75],
        [3, 1, null],
      ],
    })
    expect(valueAt(validation, 2)).toBe(1.75)
    expect(valueAt(validation, 1)).toBeNull()
  })

  it('are smoothed without a bias at the beginning', () => {
    expect(smooth(train.points, 0)).toEqual(train.points)
    const smoothed = smooth(train.points, 0.9)
    expect(smoothed[0]).toEqual([1, expect.closeTo(2)])
    expect(smoothed[2]![1]).toBeCloseTo((2 * 0.81 + 1.5 * 0.9 + 1) / (0.81 + 0.9 + 1))
    expect(smooth([[1, null]], 0.9)).toEqual([[1, null]])
  })

  it('can be walked epoch by epoch and found from anywhere', () => {
    expect(stepEpoch([0, 1, 2, 5], 2, 1)).toBe(5)
    expect(stepEpoch([0, 1, 2, 5], 5, 10)).toBe(5)
    expect(stepEpoch([0, 1, 2, 5], 5, -Infinity)).toBe(0)
    expect(stepEpoch([0, 1, 2, 5], null, 0)).toBe(5)
    expect(stepEpoch([], 3, 1)).toBeNull()
    expect(nearestEpoch([0, 1, 2, 5], 3.9)).toBe(5)
    expect(nearestEpoch([], 3)).toBeNull()
  })

  it('have looks that all differ', () => {
    const looks = Array.from({ length: 12 }, (_, n) => JSON.stringify(nthLook(n)))
    expect(new Set(looks).size).toBe(12)
  })
})

describe('CSV of a chart', () => {
  it('has points as decimal signs and quotes what needs quoting', () => {
    expect(
      toCsv(
        ['epoch', 'loss, "mixed"'],
        [
          [1, 0.5],
          [2, null],
        ],
      ),
    ).toBe('epoch,"loss, ""mixed"""\r\n1,0.5\r\n2,\r\n')
  })
})
