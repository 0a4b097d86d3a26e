import type { Help } from '../help.ts'

/** Texts of predict. */
export const predict = {}

/** Help, by the name of the route. */
export const predictHelp: Readonly<Record<string, Help>> = {}
