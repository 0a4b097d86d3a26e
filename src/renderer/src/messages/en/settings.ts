import type { Help } from '../help.ts'

/** Texts of settings. */
export const settings = {}

/** Help, by the name of the route. */
export const settingsHelp: Readonly<Record<string, Help>> = {}
