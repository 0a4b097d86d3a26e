import type { Check } from './worker-protocol.ts'

/** Largest relative difference of a program's first step from ours. */
export interface Agreement {
  readonly losses: number
  readonly gradients: number
}

/** Beyond this two programs do not compute the same, and their times mean nothing. */
const LARGEST_DIFFERENCE = 1e-3

/** Holds the first step of another program against ours. */
export function compareChecks(ours: Check, theirs: Check): Agreement {
  const losses = ours.losses.map((loss, i) => relativeDifference(loss, theirs.losses[i]))
  const gradients = Object.entries(ours.velocities).flatMap(([name, { norm, projection }]) => {
    const other = theirs.velocities[name]
    if (other === undefined) return [Number.POSITIVE_INFINITY]
    return [relativeDifference(norm, other.norm), Math.abs(projection - other.projection) / norm]
  })
  return { losses: Math.max(...losses), gradients: Math.max(...gradients) }
}

/** Whether both compute the same, but for rounding. */
export function agree({ losses, gradients }: Agreement): boolean {
  return losses <= LARGEST_DIFFERENCE && gradients <= LARGEST_DIFFERENCE
}

function relativeDifference(expected: number, found: number | undefined): number {
  return found === undefined ? Number.POSITIVE_INFINITY : Math.abs(found - expected) / Math.abs(expected)
}
