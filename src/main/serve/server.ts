import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer, type WebSocket } from 'ws'
import { AppError } from '#shared/errors'
import type { Port } from '#shared/rpc'
import { createAccess, isLoopback } from './access.ts'
import { createRoutes, refusalOfSocket, type Pages } from './routes.ts'
import { webSocketPort } from './web-socket-port.ts'

/** What is served. */
export interface Served extends Pages {
  /** Serves the contract over a port. */
  serve: (port: Port) => void
}

export interface ServerOptions {
  /** an address of this machine that no other machine reaches */
  host?: string | undefined
  /** this one or none; without it the usual one, or any that is free */
  port?: number | undefined
  /** how often clients are asked whether they are still there */
  heartbeatMs?: number
  /** what a client may leave unread before it is given up */
  mostUnreadBytes?: number
}

export interface Server {
  /** to be opened in a browser: the token in it becomes a cookie */
  readonly url: string
  close(): Promise<void>
}

/** The port that an SSH tunnel can rely on, unless it is taken. */
const USUAL_PORT = 8475
const MOST_MESSAGE_BYTES = 16 * 1024 * 1024
const FAREWELL_MS = 500

/** Serves an application to browsers on this machine, and to those that an SSH tunnel brings here. */
export async function startServer(served: Served, options: ServerOptions = {}): Promise<Server> {
  const { host = '127.0.0.1', heartbeatMs = 30_000, mostUnreadBytes } = options
  refuseOtherMachines(host)
  const http = createServer({ requestTimeout: 600_000 })
  const port = await listen(http, host, options.port)
  const access = createAccess(port)
  const routes = createRoutes(served, access)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE_BYTES })

  http.on('request', (request, response) => void answer(routes, request, response))
  http.on('upgrade', (request, stream, head) => {
    const refusal = refusalOfSocket(request, access)
    if (refusal !== null) refuseUpgrade(stream, refusal)
    else sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket))
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
      const deadline = setTimeout(() => sockets.clients.forEach((socket) => socket.terminate()), FAREWELL_MS)
      await closed
      clearTimeout(deadline)
    },
  }
}

function refuseOtherMachines(host: string): void {
  if (isLoopback(host)) return
  throw new AppError(
    'invalid-input',
    `${host} would let other machines in, and this page is for you alone.`,
    {
      hint: `Leave --host out, and on the other machine run: ssh -L ${USUAL_PORT}:127.0.0.1:${USUAL_PORT} <this machine>`,
    },
  )
}

/** Listens on the wanted port, or on the usual one and otherwise on any. Gives the port. */
async function listen(http: HttpServer, host: string, wanted: number | undefined): Promise<number> {
  try {
    return await listenOn(http, host, wanted ?? USUAL_PORT)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'EADDRINUSE' && wanted === undefined) return await listenOn(http, host, 0)
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw thrown
    const why = code === 'EACCES' ? 'is not for ordinary users' : 'is taken by another program'
    throw new AppError('invalid-input', `Port ${wanted ?? USUAL_PORT} ${why}.`, {
      hint: 'Give another one with --port, or 0 for any that is free.',
      cause: thrown,
    })
  }
}

function listenOn(http: HttpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      resolve((http.address() as AddressInfo).port)
    })
  })
}

async function answer(
  routes: ReturnType<typeof createRoutes>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const { status, headers, body } = await routes(request, gone.signal)
    if (response.destroyed) return
    response.writeHead(status, Object.fromEntries(headers))
    if (body === null || request.method === 'HEAD') response.end()
    else await pipeline(Readable.fromWeb(body), response)
  } catch {
    // The client went away, or a file did while it was sent.
    response.destroy()
  }
}

function refuseUpgrade(stream: Duplex, status: number): void {
  stream.on('error', () => undefined)
  stream.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Ends connections whose other end has gone without a word. Returns what stops it. */
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
