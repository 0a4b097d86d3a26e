import type { Help } from '../help.ts'

/** Texts of models. */
export const models = {}

/** Help, by the name of the route. */
export const modelsHelp: Readonly<Record<string, Help>> = {}
