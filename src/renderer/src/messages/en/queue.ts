import type { Help } from '../help.ts'

/** Texts of queue. */
export const queue = {}

/** Help, by the name of the route. */
export const queueHelp: Readonly<Record<string, Help>> = {}
