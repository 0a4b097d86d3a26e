import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { contract, type Api } from '#shared/contract'
import { connectTable, type Port } from '#shared/rpc'
import { webSocketPort } from '#main/serve/web-socket-port'

/** What a page does with the link that a server printed, without a browser. */
export async function enter(url: string) {
  const { origin, hash } = new URL(url)
  const answer = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { Origin: origin, 'X-Token': new URLSearchParams(hash.slice(1)).get('token') ?? '' },
  })
  if (answer.status !== 204) throw new Error(`The server answered ${answer.status}`)
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0]!
  const headers = { Cookie: cookie, Origin: origin }
  return {
    origin,
    cookie,
    get: (path: string, more: Record<string, string> = {}) =>
      fetch(origin + path, { headers: { ...headers, ...more } }),
    put: (path: string, body: Buffer | string, more: Record<string, string> = {}) =>
      fetch(origin + path, {
        method: 'PUT',
        body: new Uint8Array(Buffer.from(body)),
        headers: { ...headers, ...more },
      }),
    socket: () => openSocket(origin, headers),
    async port(): Promise<Port> {
      return webSocketPort(await openSocket(origin, headers))
    },
    async api(): Promise<Api> {
      return connectTable(contract, await this.port())
    },
  }
}

export type Client = Awaited<ReturnType<typeof enter>>

/** Rejects with the HTTP status when the server refuses. */
export function openSocket(origin: string, headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api`, { headers })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_, { statusCode }) => reject(new Error(String(statusCode))))
    socket.once('error', reject)
  })
}

/** Sends a request as it is written, for those that no client would write. Gives the status and the body. */
export function rawRequest(
  origin: string,
  lines: readonly string[],
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', ...body] = text.split('\r\n\r\n')
      resolve({ status: Number(head.split(' ')[1]), body: body.join('\r\n\r\n') })
    })
  })
}
