import { z } from 'zod'
import { AppError } from '#shared/errors'
import { serveTable, type Port } from '#shared/rpc'

/** A contract that shows what a port does to messages. */
export const echoTable = {
  requests: {
    echo: { input: z.object({ value: z.unknown() }), output: z.unknown() },
    count: { input: z.object({ to: z.number() }), output: z.void() },
    fail: { input: z.object({}), output: z.void() },
    never: { input: z.object({}), output: z.void() },
  },
  events: { counted: z.object({ number: z.number() }) },
} as const

export function serveEcho(port: Port): void {
  const emit = serveTable(echoTable, port, {
    echo: ({ value }) => value,
    count: ({ to }) => {
      for (let number = 0; number < to; number++) emit('counted', { number })
    },
    fail: () => {
      throw new AppError('not-found', 'It is not here', { hint: 'Look elsewhere.' })
    },
    never: () => new Promise(() => undefined),
  })
}
