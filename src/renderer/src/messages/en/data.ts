import type { Help } from '../help.ts'

/** Texts of data. */
export const data = {}

/** Help, by the name of the route. */
export const dataHelp: Readonly<Record<string, Help>> = {}
