import type { Help } from '../help.ts'

/** Texts of exports. */
export const exports = {}

/** Help, by the name of the route. */
export const exportsHelp: Readonly<Record<string, Help>> = {}
