import type { IncomingMessage } from 'node:http'
import { AppError } from '#shared/errors'
import type { ErrorCode } from '#shared/errors'
import { safeParts } from '#main/assets/paths'
import { isForUs, isFromOtherPage, isFromOurPage, type Access } from './access.ts'

/** Answers to plain requests. */
export interface Pages {
  /** the renderer's files and the pictures */
  pages: (request: Request) => Promise<Response>
  /** Keeps a file that a browser sends. */
  receiveUpload: (id: string, steps: readonly string[], content: AsyncIterable<Uint8Array>) => Promise<void>
}

/**
 * Decides what a request is for and whether it may. Only the renderer's files, in which there is nothing of the user's,
 * need no session. `signal` is aborted when the client goes away.
 */
export function createRoutes(served: Pages, access: Access) {
  return async (request: IncomingMessage, signal: AbortSignal): Promise<Response> => {
    if (!isForUs(request)) return text(403, 'This address is not one of this program.')
    const url = plainUrl(request)
    if (url === null) return text(400, 'This address is not written plainly.')
    const { pathname } = url
    if (pathname === '/session') return answerSession(access, request)
    if (pathname === '/api') return text(426, 'This is for WebSockets.')
    const isUpload = pathname.startsWith('/uploads/')
    if (isUpload || /^\/assets\/\w+\//.test(pathname)) {
      if (!access.hasSession(request)) return text(401, NO_SESSION)
      if (isFromOtherPage(request)) return text(403, OTHER_PAGE)
    }
    return isUpload
      ? await answerUpload(served, pathname, request)
      : await answerPage(served, url, request, signal)
  }
}

/** With which status to refuse a WebSocket; null: it may be opened. */
export function refusalOfSocket(request: IncomingMessage, access: Access): 401 | 403 | 404 | null {
  if (!isForUs(request) || !isFromOurPage(request)) return 403
  if (request.url !== '/api') return 404
  return access.hasSession(request) ? null : 401
}

const NO_SESSION = 'Open the link that the program printed.'
const OTHER_PAGE = 'Another page has no business here.'

/** The address of a request; null when it is written in a way that hides where it leads, such as `a/../b`. */
function plainUrl({ url = '', headers }: IncomingMessage): URL | null {
  const base = `http://${headers.host ?? ''}`
  if (!url.startsWith('/') || url.startsWith('//') || !URL.canParse(url, base)) return null
  const parsed = new URL(url, base)
  return parsed.pathname === url.split(/[?#]/)[0] ? parsed : null
}

function answerSession(access: Access, request: IncomingMessage): Response {
  if (request.method === 'GET') return text(access.hasSession(request) ? 204 : 401)
  if (request.method !== 'POST') return text(405)
  if (!isFromOurPage(request)) return text(403, OTHER_PAGE)
  const given = request.headers['x-token']
  const cookie = access.exchange(typeof given === 'string' ? given : '')
  return cookie === null ? text(401, NO_SESSION) : text(204, '', { 'Set-Cookie': cookie })
}

async function answerUpload(
  { receiveUpload }: Pages,
  pathname: string,
  request: IncomingMessage,
): Promise<Response> {
  if (request.method !== 'PUT') return text(405)
  if (!isFromOurPage(request)) return text(403, OTHER_PAGE)
  const [, id, ...steps] = safeParts(pathname) ?? []
  if (id === undefined || steps.length === 0) return text(400, 'This is no path for a file.')
  try {
    await receiveUpload(id, steps, request)
    return text(204)
  } catch (thrown) {
    const { code, message, hint } = AppError.from(thrown)
    return text(UPLOAD_FAILURES[code] ?? 500, [message, hint].filter(Boolean).join(' '))
  }
}

const UPLOAD_FAILURES: Partial<Record<ErrorCode, number>> = {
  'invalid-input': 400,
  'not-found': 404,
  'bad-file': 413,
  unsupported: 415,
  'disk-full': 507,
}

async function answerPage(
  { pages }: Pages,
  url: URL,
  { method = 'GET', headers }: IncomingMessage,
  signal: AbortSignal,
): Promise<Response> {
  if (method !== 'GET' && method !== 'HEAD') return text(405)
  const known = headers['if-none-match']
  return await pages(
    new Request(url, { method, signal, headers: known === undefined ? {} : { 'If-None-Match': known } }),
  )
}

function text(status: number, content = '', headers: Record<string, string> = {}): Response {
  return new Response(content === '' ? null : content, {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'",
      ...headers,
    },
  })
}
