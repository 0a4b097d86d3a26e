import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { WebSocketServer, type WebSocket } from 'ws'
import { AppError } from '#shared/errors'
import type { Port } from '#shared/rpc'
import { safeParts } from '#main/assets/paths'
import { createAccess, isForUs, isFromOtherPage, isFromOurPage, isLoopback, type Access } from './access.ts'
import { webSocketPort } from './web-socket-port.ts'

/** What is served. */
export interface Served {
  /** Serves the contract over a port. */
  serve(port: Port): void
  /** the renderer's files and the pictures */
  pages(request: Request): Promise<Response>
  receiveUpload(id: string, steps: readonly string[], content: AsyncIterable<Uint8Array>): Promise<void>
}

export interface ServerOptions {
  /** an address of this machine that no other machine reaches */
  host?: string | undefined
  /** this one or none; without it the usual one, or any that is free */
  port?: number | undefined
  /** how often a silent client is asked whether it is still there */
  heartbeatMs?: number
  /** what a client may leave unread before it is given up */
  mostUnreadBytes?: number
}

export interface Server {
  /** to be opened once in a browser: the token in it becomes a cookie */
  readonly url: string
  close(): Promise<void>
}

/** The port that a link or an SSH tunnel can rely on, unless it is taken. */
const USUAL_PORT = 8475
const MOST_MESSAGE_BYTES = 16 * 1024 * 1024

/** Serves an application to browsers on this machine, and to those that an SSH tunnel brings here. */
export async function startServer(served: Served, options: ServerOptions = {}): Promise<Server> {
  const { host = '127.0.0.1', heartbeatMs = 30_000, mostUnreadBytes } = options
  refuseOtherMachines(host)
  const http = createServer({ requestTimeout: 600_000 })
  const port = await listen(http, host, options.port)
  const access = createAccess(port)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE_BYTES })

  http.on('request', (request, response) => void answer(served, access, request, response))
  http.on('upgrade', (request, stream, head) => {
    const refused = refusalOfSocket(request, access)
    if (refused !== null) return refuseUpgrade(stream, refused)
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket))
  })
  sockets.on('connection', (socket: WebSocket) => {
    // What a client breaks ends its connection; there is nobody to tell.
    socket.on('error', () => socket.terminate())
    served.serve(webSocketPort(socket, mostUnreadBytes))
  })
  const stopHeartbeat = watchClients(sockets, heartbeatMs)

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/#token=${access.token}`,
    async close() {
      stopHeartbeat()
      for (const socket of sockets.clients) socket.close(1001)
      const closed = new Promise<void>((resolve) => http.close(() => resolve()))
      http.closeAllConnections()
      for (const socket of sockets.clients) socket.terminate()
      await closed
    },
  }
}

function refuseOtherMachines(host: string): void {
  if (isLoopback(host)) return
  throw new AppError(
    'invalid-input',
    `${host} could be reached from other machines, and anybody there could try.`,
    {
      hint: `Leave --host out, and on the other machine run: ssh -L ${USUAL_PORT}:127.0.0.1:${USUAL_PORT} <this machine>`,
    },
  )
}

async function listen(
  http: ReturnType<typeof createServer>,
  host: string,
  wanted: number | undefined,
): Promise<number> {
  const attempt = (port: number) =>
    new Promise<number>((resolve, reject) => {
      http.once('error', reject)
      http.listen(port, host, () => {
        http.off('error', reject)
        resolve((http.address() as AddressInfo).port)
      })
    })
  try {
    return await attempt(wanted ?? USUAL_PORT)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'EADDRINUSE' && wanted === undefined) return await attempt(0)
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw thrown
    const why = code === 'EACCES' ? 'is not for ordinary users' : 'is taken by another program'
    throw new AppError('invalid-input', `Port ${wanted ?? USUAL_PORT} ${why}.`, {
      hint: 'Give another one with --port, or 0 for any that is free.',
      cause: thrown,
    })
  }
}

async function answer(
  served: Served,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(served, access, request, response)
  } catch {
    // The client went away, or a file did while it was sent.
    response.destroy()
  }
}

async function route(
  served: Served,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isForUs(request)) return say(response, 403, 'This address is not one of this program.')
  const url = plainUrl(request)
  if (url === null) return say(response, 400, 'This address is not written plainly.')
  const { pathname } = url
  if (pathname === '/session') return answerSession(access, request, response)
  if (pathname === '/api') return say(response, 426, 'This is for WebSockets.')
  const isUpload = pathname.startsWith('/uploads/')
  if (isUpload || /^\/assets\/\w+\//.test(pathname)) {
    if (!access.hasSession(request)) return say(response, 401, 'Open the link that the program printed.')
    if (isFromOtherPage(request)) return say(response, 403, 'Another page has no business here.')
  }
  if (isUpload) return await answerUpload(served, pathname, request, response)
  await answerPage(served, url, request, response)
}

/** The address of a request; null when it is written in a way that hides where it leads, such as `a/../b`. */
function plainUrl({ url = '', headers }: IncomingMessage): URL | null {
  const base = `http://${headers.host ?? ''}`
  if (!url.startsWith('/') || url.startsWith('//') || !URL.canParse(url, base)) return null
  const parsed = new URL(url, base)
  return parsed.pathname === url.split(/[?#]/)[0] ? parsed : null
}

function answerSession(access: Access, request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') return say(response, access.hasSession(request) ? 204 : 401)
  if (request.method !== 'POST') return say(response, 405)
  if (!isFromOurPage(request)) return say(response, 403, 'Another page has no business here.')
  const given = request.headers['x-token']
  const cookie = access.exchange(typeof given === 'string' ? given : undefined)
  if (cookie === null) return say(response, 401, 'Open the link that the program printed.')
  response.setHeader('Set-Cookie', cookie)
  say(response, 204)
}

async function answerUpload(
  { receiveUpload }: Served,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'PUT') return say(response, 405)
  if (!isFromOurPage(request)) return say(response, 403, 'Another page has no business here.')
  const [, id, ...steps] = safeParts(pathname) ?? []
  if (id === undefined || steps.length === 0) return say(response, 400, 'This is no path for a file.')
  try {
    await receiveUpload(id, steps, request as AsyncIterable<Uint8Array>)
    say(response, 204)
  } catch (thrown) {
    const { code, message, hint } = AppError.from(thrown)
    // What is left of the file is not waited for.
    response.setHeader('Connection', 'close')
    say(response, UPLOAD_FAILURES[code] ?? 500, [message, hint].filter(Boolean).join(' '))
  }
}

const UPLOAD_FAILURES: Readonly<Record<string, number>> = {
  'invalid-input': 400,
  'not-found': 404,
  'bad-file': 413,
  unsupported: 415,
  'disk-full': 507,
}

async function answerPage(
  { pages }: Served,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const known = request.headers['if-none-match']
  const page = await pages(
    new Request(url, {
      method: request.method,
      headers: known === undefined ? {} : { 'If-None-Match': known },
      signal: gone.signal,
    }),
  )
  response.writeHead(page.status, Object.fromEntries(page.headers))
  if (page.body === null || request.method === 'HEAD') response.end()
  else await pipeline(Readable.fromWeb(page.body as ReadableStream), response)
}

function say(response: ServerResponse, status: number, text = ''): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'",
  })
  response.end(text)
}

function refusalOfSocket(request: IncomingMessage, access: Access): number | null {
  if (!isForUs(request) || !isFromOurPage(request)) return 403
  if (request.url !== '/api') return 404
  return access.hasSession(request) ? null : 401
}

function refuseUpgrade(stream: Duplex, status: number): void {
  stream.on('error', () => undefined)
  stream.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Ends connections whose other end has gone without a word. */
function watchClients(sockets: WebSocketServer, everyMs: number): () => void {
  const silent = new WeakSet<WebSocket>()
  sockets.on('connection', (socket: WebSocket) => socket.on('pong', () => silent.delete(socket)))
  const beat = setInterval(() => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) socket.terminate()
      silent.add(socket)
      socket.ping()
    }
  }, everyMs)
  return () => clearInterval(beat)
}
