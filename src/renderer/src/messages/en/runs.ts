import type { Help } from '../help.ts'

/** Texts of runs. */
export const runs = {}

/** Help, by the name of the route. */
export const runsHelp: Readonly<Record<string, Help>> = {}
