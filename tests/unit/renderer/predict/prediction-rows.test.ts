import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { Prediction } from '#shared/schemas/results'
import {
  predictionRows,
  rowsAsCsv,
  selectRows,
} from '../../../../src/renderer/src/components/predict/prediction-rows.ts'

const predictions: Prediction[] = [
  {
    path: '/p/a, "b".png',
    classes: [
      { name: 'dog', probability: 0.9 },
      { name: 'cat', probability: 0.1 },
    ],
  },
  { path: '/p/broken.png', error: 'not a picture', classes: [] },
  {
    path: 'C:\\p\\c.png',
    classes: [
      { name: 'cat', probability: 0.45 },
      { name: 'dog', probability: 0.4 },
    ],
  },
]

describe('classified pictures', () => {
  const rows = predictionRows(predictions, 0.5)

  it('marks what lies below the threshold; what could not be read is not unsure but failed', () => {
    expect(rows.map(({ isUnsure }) => isUnsure)).toEqual([false, false, true])
    expect(rows.map(({ name }) => name)).toEqual(['a, "b".png', 'broken.png', 'c.png'])
    expect(selectRows(rows, 'unsure', 'listed').map(({ index }) => index)).toEqual([2])
    expect(selectRows(rows, 'failed', 'listed').map(({ index }) => index)).toEqual([1])
  })

  it('sorts by certainty and by class, with unreadable ones last', () => {
    const order = (by: 'unsure' | 'sure' | 'class') => selectRows(rows, 'all', by).map(({ index }) => index)
    expect(order('unsure')).toEqual([2, 0, 1])
    expect(order('sure')).toEqual([0, 2, 1])
    expect(order('class')).toEqual([2, 0, 1])
  })

  it('becomes a CSV that others read: a row for the unreadable one too, with the reason', () => {
    expect(parse(rowsAsCsv(rows), { columns: true })).toEqual([
      {
        path: '/p/a, "b".png',
        error: '',
        class: 'dog',
        probability: '0.900000',
        margin: '0.800000',
        class_2: 'cat',
        probability_2: '0.100000',
      },
      {
        path: '/p/broken.png',
        error: 'not a picture',
        class: '',
        probability: '',
        margin: '',
        class_2: '',
        probability_2: '',
      },
      {
        path: 'C:\\p\\c.png',
        error: '',
        class: 'cat',
        probability: '0.450000',
        margin: '0.050000',
        class_2: 'dog',
        probability_2: '0.400000',
      },
    ])
  })
})
