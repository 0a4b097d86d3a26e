import { AppError } from '#shared/errors'
import { createConnection } from './connection.ts'
import { openWebSocketPort } from './web-socket-port.ts'
import { windowBridge, windowPort } from './window-port.ts'

const bridge = windowBridge()

/** The application, whichever shell this page runs in. */
export const api = createConnection(
  bridge === undefined ? openWebSocketPort : () => Promise.resolve(windowPort(bridge)),
)

/**
 * Takes what the application tells, for state that is asked for again at every connect: an answer that is lost with
 * its connection is no failure.
 */
export function take<Value>(answer: Promise<Value>, use: (value: Value) => void): void {
  answer.then(use, (thrown: unknown) => {
    const error = AppError.from(thrown)
    if (error.code !== 'engine-unavailable') console.error(error)
  })
}
