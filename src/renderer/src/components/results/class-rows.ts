import { classChanges, classFigures, type ClassFigures } from '#shared/class-changes'
import type { Evaluation } from '#shared/schemas/run'

/** How a method does on one class, and what changed against plain CLIP. */
export interface ClassRow extends ClassFigures {
  /** accuracy of plain CLIP; null where it is not known */
  readonly zeroShot: number | null
  readonly change: number | null
}

export type ClassSort = Exclude<keyof ClassRow, 'label'>

/** A line per class, in the order of the labels. */
export function classRows(evaluation: Evaluation, zeroShot: Evaluation | undefined): ClassRow[] {
  const changes = zeroShot === undefined ? [] : classChanges(zeroShot, evaluation)
  const changeOf = new Map(changes.map((change) => [change.label, change]))
  return classFigures(evaluation).map((figures) => {
    const change = changeOf.get(figures.label)
    return { ...figures, zeroShot: change?.before ?? null, change: change?.change ?? null }
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
