import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'

/** Names under which this machine is reached from itself, also through the near end of an SSH tunnel. */
const OWN_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Whether an address is one that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return OWN_NAMES.has(host) || host === '::1'
}

/**
 * Who may talk to a served application. A token that only the user has seen is exchanged for a cookie that no script
 * can read. The token is 256 random bits, so guessing needs no limit.
 */
export function createAccess(port: number) {
  const token = secret()
  const session = secret()
  // Browsers tell cookies apart by host but not by port, and behind tunnels every host is this one.
  const name = `dplstudio-${digest(`${hostname()}:${port}`).toString('hex').slice(0, 12)}`

  return {
    token,
    /** The cookie for whoever knows the token; null for anybody else. */
    exchange: (given: string): string | null =>
      isSame(given, token) ? `${name}=${session}; HttpOnly; SameSite=Strict; Path=/` : null,
    /** Whether a request comes from a browser that has exchanged the token. */
    hasSession: (request: IncomingMessage): boolean =>
      cookies(request).some(([key, value]) => key === name && isSame(value, session)),
  }
}

export type Access = ReturnType<typeof createAccess>

/**
 * Whether a request was addressed to this machine by one of its own names. A page elsewhere whose name has been made
 * to point here would send that name.
 */
export function isForUs({ headers }: IncomingMessage): boolean {
  const match = /^(.+?)(?::(\d{1,5}))?$/.exec(headers.host ?? '')
  return match !== null && OWN_NAMES.has(match[1]!)
}

/** Whether a request that changes something, or opens a WebSocket, was made by a page of ours. */
export function isFromOurPage({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined && headers.origin === `http://${headers.host ?? ''}`
}

/** Whether another page, perhaps of another program on this machine, wants to show what is ours. */
export function isFromOtherPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function cookies({ headers }: IncomingMessage): [string, string][] {
  return (headers.cookie ?? '').split(';').map((pair) => {
    const [key = '', ...value] = pair.split('=')
    return [key.trim(), value.join('=').trim()]
  })
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

/** Digests have one length, and comparing them takes one time, whatever was given. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
