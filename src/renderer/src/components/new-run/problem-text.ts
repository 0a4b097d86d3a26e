import type { z } from 'zod'
import { messages } from '../../messages/messages.ts'

/** What to enter instead, for an objection of the schema. */
export function problemText(issue: z.core.$ZodIssue): string {
  const words = messages.newRun.problems
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? words.wholeNumber : words.number
    case 'too_small':
      return issue.inclusive === false
        ? words.above(String(issue.minimum))
        : words.atLeast(String(issue.minimum))
    case 'too_big':
      return words.atMost(String(issue.maximum))
    case 'custom':
      return issue.message === '' ? words.other : `${issue.message}.`
    default:
      return words.other
  }
}

/** A value as people read it. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number')
    return Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential() : String(value)
  return typeof value === 'string' ? value.replaceAll('-', ' ') : messages.common.none
}
