import type { Help } from '../help.ts'

/** Texts of live run. */
export const liveRun = {}

/** Help, by the name of the route. */
export const liveRunHelp: Readonly<Record<string, Help>> = {}
