import type { WebSocket } from 'ws'
import type { Port } from '#shared/rpc'

/** What a client may leave unread before it is given up: its page has crashed, or its computer sleeps. */
const MOST_UNREAD_BYTES = 64 * 1024 * 1024

/** A WebSocket as a port. Messages are JSON texts; anything else that arrives is passed over. */
export function webSocketPort(socket: WebSocket, mostUnread = MOST_UNREAD_BYTES): Port {
  return {
    post(message) {
      if (socket.readyState !== socket.OPEN) return
      socket.send(JSON.stringify(message))
      if (socket.bufferedAmount > mostUnread) socket.terminate()
    },
    listen(listener) {
      const hear = (data: unknown, isBinary: boolean) => {
        const message = isBinary ? undefined : parse(String(data))
        if (message !== undefined) listener(message)
      }
      socket.on('message', hear)
      return () => socket.off('message', hear)
    },
    onClose(listener) {
      if (socket.readyState === socket.CLOSED) listener()
      else socket.once('close', () => listener())
    },
    close: () => socket.close(),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
