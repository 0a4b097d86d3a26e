import type { Help } from '../help.ts'

/** Texts of home. */
export const home = {}

/** Help, by the name of the route. */
export const homeHelp: Readonly<Record<string, Help>> = {}
