type Matrix = readonly (readonly number[])[]

/** Pictures of one class that were taken for another. */
export interface ConfusedPair {
  readonly label: number
  readonly predicted: number
  readonly count: number
  /** of the pictures of the class */
  readonly share: number
}

/** Pairs of classes that were mixed up, most often first. */
export function confusedPairs(confusion: Matrix): ConfusedPair[] {
  const pairs = confusion.flatMap((row, label) => {
    const images = sum(row)
    return row.flatMap((count, predicted) =>
      count > 0 && predicted !== label ? [{ label, predicted, count, share: count / images }] : [],
    )
  })
  return pairs.sort((a, b) => b.count - a.count || b.share - a.share || a.label - b.label)
}

export type ClassOrder = 'class' | 'confusion'

/** Labels in the order in which the matrix shows them; by confusion, what is mixed up most comes first. */
export function classOrder(confusion: Matrix, order: ClassOrder): number[] {
  const labels = confusion.map((_, label) => label)
  if (order === 'class') return labels
  const errors = labels.map((label) => {
    const missed = sum(confusion[label]!)
    const taken = sum(confusion.map((row) => row[label]!))
    return missed + taken - 2 * confusion[label]![label]!
  })
  return labels.sort((a, b) => errors[b]! - errors[a]! || a - b)
}

/** Share of a cell among the pictures of its class; 0 for a class without pictures. */
export function rowShare(confusion: Matrix, label: number, predicted: number): number {
  const images = sum(confusion[label]!)
  return images === 0 ? 0 : confusion[label]![predicted]! / images
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
