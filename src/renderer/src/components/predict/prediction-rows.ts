import type { Prediction } from '#shared/schemas/results'
import { toCsv } from '../../charts/series.ts'

/** A classified picture in the list. */
export interface PredictionRow {
  /** place among the task's predictions; names the picture */
  readonly index: number
  readonly name: string
  readonly prediction: Prediction
  /** of the best class; null for what could not be read */
  readonly probability: number | null
  readonly isUnsure: boolean
}

export type PredictionFilter = 'all' | 'unsure' | 'failed'
export type PredictionOrder = 'listed' | 'unsure' | 'sure' | 'class'

/** What a task answered, with what is unsure. */
export function predictionRows(predictions: readonly Prediction[], threshold: number): PredictionRow[] {
  return predictions.map((prediction, index) => {
    const probability = prediction.classes[0]?.probability ?? null
    return {
      index,
      name: prediction.path.split(/[\\/]/).at(-1) ?? prediction.path,
      prediction,
      probability,
      isUnsure: probability !== null && probability < threshold,
    }
  })
}

/** The rows that are wanted, in the order that is wanted. Unreadable ones come last where order goes by certainty. */
export function selectRows(
  rows: readonly PredictionRow[],
  filter: PredictionFilter,
  order: PredictionOrder,
): PredictionRow[] {
  const found = rows.filter(
    ({ isUnsure, probability }) =>
      filter === 'all' || (filter === 'unsure' ? isUnsure : probability === null),
  )
  const sureness = ({ probability }: PredictionRow) => probability ?? (order === 'unsure' ? 2 : -1)
  if (order === 'unsure') return found.sort((a, b) => sureness(a) - sureness(b) || a.index - b.index)
  if (order === 'sure') return found.sort((a, b) => sureness(b) - sureness(a) || a.index - b.index)
  if (order === 'class') return found.sort((a, b) => byClass(a, b) || a.index - b.index)
  return found
}

/** The shown rows as CSV: path, error, best class with probability and margin, then the other classes. */
export function rowsAsCsv(rows: readonly PredictionRow[]): string {
  const top = Math.max(1, ...rows.map(({ prediction }) => prediction.classes.length))
  const others = Array.from({ length: top - 1 }, (_, i) => [`class_${i + 2}`, `probability_${i + 2}`]).flat()
  return toCsv(
    ['path', 'error', 'class', 'probability', 'margin', ...others],
    rows.map(({ prediction: { path, error, classes } }) => {
      const [first, second] = classes
      const margin = first === undefined ? null : first.probability - (second?.probability ?? 0)
      const rest = Array.from({ length: top - 1 }, (_, i) => [
        classes[i + 1]?.name ?? null,
        fixed(classes[i + 1]?.probability),
      ]).flat()
      return [path, error ?? null, first?.name ?? null, fixed(first?.probability), fixed(margin), ...rest]
    }),
  )
}

function byClass(a: PredictionRow, b: PredictionRow): number {
  const [left, right] = [a.prediction.classes[0]?.name, b.prediction.classes[0]?.name]
  if (left === undefined || right === undefined)
    return Number(left === undefined) - Number(right === undefined)
  return left.localeCompare(right)
}

function fixed(value: number | null | undefined): string | null {
  return value === null || value === undefined ? null : value.toFixed(6)
}
