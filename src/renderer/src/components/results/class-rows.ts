import type { Evaluation } from '#shared/schemas/run'

/** How a method does on one class, and what changed against plain CLIP. Null where there is nothing to divide by. */
export interface ClassRow {
  readonly label: number
  readonly name: string
  /** test pictures of the class */
  readonly support: number
  /** share of the class's pictures that were answered rightly: its accuracy, also called recall */
  readonly recall: number | null
  /** share of the answers with this class that were right */
  readonly precision: number | null
  readonly f1: number | null
  readonly zeroShot: number | null
  readonly change: number | null
}

export type ClassSort = Exclude<keyof ClassRow, 'label'>

/** A line per class, in the order of the labels. */
export function classRows(evaluation: Evaluation, zeroShot: Evaluation | undefined): ClassRow[] {
  const answers = columnSums(evaluation.confusion)
  return evaluation.classes.map(({ name, images, accuracy, f1 }, label) => {
    const right = evaluation.confusion[label]?.[label] ?? 0
    const before = zeroShot?.classes[label]?.accuracy ?? null
    return {
      label,
      name,
      support: images,
      recall: accuracy,
      precision: answers[label] ? right / answers[label] : null,
      f1,
      zeroShot: before,
      change: accuracy === null || before === null ? null : accuracy - before,
    }
  })
}

/** Sorted by a column; what has no value comes last, whichever way round. */
export function sortClasses(rows: readonly ClassRow[], key: ClassSort, descending: boolean): ClassRow[] {
  return [...rows].sort((a, b) => {
    const left = a[key]
    const right = b[key]
    if (left === null || right === null) return Number(left === null) - Number(right === null)
    const order = typeof left === 'string' ? left.localeCompare(String(right)) : left - Number(right)
    return (descending ? -order : order) || a.label - b.label
  })
}

function columnSums(matrix: readonly (readonly number[])[]): number[] {
  const sums = new Array<number>(matrix.length).fill(0)
  for (const row of matrix) row.forEach((count, column) => (sums[column]! += count))
  return sums
}
