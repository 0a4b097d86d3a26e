import type { Help } from '../help.ts'

/** Texts of results. */
export const results = {}

/** Help, by the name of the route. */
export const resultsHelp: Readonly<Record<string, Help>> = {}
