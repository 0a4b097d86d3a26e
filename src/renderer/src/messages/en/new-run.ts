import type { Help } from '../help.ts'

/** Texts of new run. */
export const newRun = {}

/** Help, by the name of the route. */
export const newRunHelp: Readonly<Record<string, Help>> = {}
