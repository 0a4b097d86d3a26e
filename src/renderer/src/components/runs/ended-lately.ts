import type { Run } from '#shared/schemas/run-record'

/** The runs that ended last, latest first. */
export function endedLately(runs: readonly Run[], count: number): Run[] {
  return runs
    .filter(({ finishedAt }) => finishedAt !== null)
    .sort((a, b) => b.finishedAt!.localeCompare(a.finishedAt!))
    .slice(0, count)
}
