import { AppError } from '#shared/errors'
import type { Port } from '#shared/rpc'

/** A port over a WebSocket to the server that the page came from. */
export async function openWebSocketPort(): Promise<Port> {
  await exchangeToken()
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api`)
  await opened(socket)
  return {
    post: (message) => socket.send(JSON.stringify(message)),
    listen(listener) {
      const hear = ({ data }: MessageEvent<unknown>) => {
        if (typeof data === 'string') listener(JSON.parse(data))
      }
      socket.addEventListener('message', hear)
      return () => socket.removeEventListener('message', hear)
    },
    onClose: (listener) => socket.addEventListener('close', listener, { once: true }),
    close: () => socket.close(),
  }
}

/**
 * The link that the server prints carries its token behind the `#`, which a browser sends to nobody. It leaves the
 * address bar before the router reads the address, or the router would put it back.
 */
let token = takeToken()

function takeToken(): string | null {
  const found = new URLSearchParams(location.hash.slice(1)).get('token')
  if (found !== null) history.replaceState(history.state, '', location.pathname + location.search)
  return found
}

/** Makes a cookie of the token that scripts cannot read. */
async function exchangeToken(): Promise<void> {
  if (token === null) return
  const answer = await fetch('/session', { method: 'POST', headers: { 'X-Token': token } })
  if (!answer.ok) throw refused()
  token = null
}

/** A browser does not tell why a WebSocket was refused; a plain request does. */
async function opened(socket: WebSocket): Promise<void> {
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true })
    socket.addEventListener('close', () => resolve(false), { once: true })
  })
  if (isOpen) return
  const answer = await fetch('/session').catch(() => undefined)
  if (answer?.status === 401 || answer?.status === 403) throw refused()
  throw new AppError('engine-unavailable', 'The program does not answer')
}

function refused(): AppError {
  return new AppError('unsupported', 'This page has lost its permission to talk to the program.', {
    hint: 'Open the link again that `dplstudio serve` printed.',
  })
}
