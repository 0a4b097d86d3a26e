/** The candidate that was probably meant: the one with the fewest typing errors, if these are few. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  const ranked = candidates
    .map((candidate) => ({ candidate, errors: typingErrors(word, candidate) }))
    .filter(({ candidate, errors }) => errors <= limit || candidate.startsWith(word))
    .sort((a, b) => a.errors - b.errors)
  return ranked[0]?.candidate
}

/** Insertions, deletions and replacements from one word to the other; two swapped letters count once. */
export function typingErrors(from: string, to: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: to.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= from.length; row++) {
    const current: number[] = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      current[column] = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        current[column] = Math.min(current[column]!, before[column - 2]! + 1)
    }
    ;[before, previous] = [previous, current]
  }
  return previous[to.length]!
}
