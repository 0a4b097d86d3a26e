import { createConnection } from './connection.ts'
import { openWebSocketPort } from './web-socket-port.ts'
import { windowBridge, windowPort } from './window-port.ts'

const bridge = windowBridge()

/** The application, whichever shell this page runs in. */
export const api = createConnection(
  bridge === undefined ? openWebSocketPort : () => Promise.resolve(windowPort(bridge)),
)
