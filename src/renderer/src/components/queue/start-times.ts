import type { RunEstimate } from '#shared/schemas/queue'

/** What a run is expected to take from its beginning to its end; null where not even a part is known. */
export function expectedSeconds(estimate: RunEstimate | null | undefined): number | null {
  if (!estimate) return null
  const parts = [estimate.searchSeconds, estimate.trainSeconds, estimate.scoringSeconds]
  const known = parts.filter((part) => part !== null)
  return known.length === 0 ? null : known.reduce((sum, part) => sum + part, 0)
}

/**
 * Seconds until each waiting run starts. `left` is what the run at work still needs: 0 when there is none, null when
 * nobody knows. From the first unknown on nothing is known.
 */
export function secondsUntilStart(
  left: number | null,
  waiting: readonly (number | null)[],
): (number | null)[] {
  let until = left
  return waiting.map((takes) => {
    const start = until
    until = until === null || takes === null ? null : until + takes
    return start
  })
}

/** The place of an item that is moved from one place to another, kept within the list. */
export function placeAfterMove(from: number, by: number, length: number): number {
  return Math.max(0, Math.min(length - 1, from + by))
}
