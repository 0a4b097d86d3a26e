import type { Evaluation } from './schemas/run.ts'

/** How a method does on one class. Null where there is nothing to divide by. */
export interface ClassFigures {
  readonly label: number
  readonly name: string
  readonly images: number
  /** share of the class's images that were found; the class's accuracy */
  readonly recall: number | null
  /** share of the images taken for the class that are of it */
  readonly precision: number | null
  readonly f1: number | null
}

/** One class before and after. */
export interface ClassChange {
  readonly label: number
  readonly name: string
  readonly images: number
  readonly before: number
  readonly after: number
  /** accuracy after less accuracy before */
  readonly change: number
}

/** Precision, recall and F1 of every class, out of the confusion matrix. */
export function classFigures({
  classes,
  confusion,
}: Pick<Evaluation, 'classes' | 'confusion'>): ClassFigures[] {
  return classes.map(({ name, images, f1 }, label) => {
    const right = confusion[label]?.[label] ?? 0
    const taken = confusion.reduce((sum, row) => sum + (row[label] ?? 0), 0)
    return {
      label,
      name,
      images,
      recall: images === 0 ? null : right / images,
      precision: taken === 0 ? null : right / taken,
      f1,
    }
  })
}

/**
 * Classes with test images in both evaluations, by how their accuracy changed: the largest loss first. Nothing is
 * said of evaluations over other classes.
 */
export function classChanges(
  before: Pick<Evaluation, 'classes'>,
  after: Pick<Evaluation, 'classes'>,
): ClassChange[] {
  if (before.classes.length !== after.classes.length) return []
  const changes = after.classes.flatMap((now, label): ClassChange[] => {
    const then = before.classes[label]!
    if (then.name !== now.name || then.accuracy === null || now.accuracy === null) return []
    const change = now.accuracy - then.accuracy
    return [{ label, name: now.name, images: now.images, before: then.accuracy, after: now.accuracy, change }]
  })
  return changes.sort((a, b) => a.change - b.change || a.label - b.label)
}

/** The classes that a method does worse on than the one before it, worst first. */
export function worseClasses(
  before: Pick<Evaluation, 'classes'>,
  after: Pick<Evaluation, 'classes'>,
): ClassChange[] {
  return classChanges(before, after).filter(({ change }) => change < 0)
}
