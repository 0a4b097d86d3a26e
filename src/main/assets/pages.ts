import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { createImages, type ImagePlaces } from './images.ts'
import { realPathBelow, safeParts } from './paths.ts'

export type { ImagePlaces } from './images.ts'

export interface PagesParts {
  /** the built renderer: `renderer` beside the folder of the built main process */
  rendererFolder: string
  /** where thumbnails are kept: `thumbnails` in the data folder */
  thumbnailFolder: string
  /** `images` of the application */
  images: ImagePlaces
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
}

/** What Vite has given a name with a digest of its content. */
const HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/
const IMAGES = new Set(['datasets', 'runs', 'predictions'])

/**
 * Everything a page loads, for the http server and for the `dpl://app/` protocol of the window alike: the renderer's
 * files, and the pictures below `/assets/`. A path without an ending that is no file is a place within the page, and
 * gets `index.html`. Asks for nothing but GET and HEAD; who may ask is the caller's business. Never rejects.
 */
export function createPages(parts: PagesParts): (request: Request) => Promise<Response> {
  const { rendererFolder, thumbnailFolder, images } = parts
  const answerImage = createImages(images, thumbnailFolder)

  async function answer(request: Request): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD' } })
    const { pathname } = new URL(request.url)
    if (pathname === '/') return await pageFile(rendererFolder, ['index.html'])
    const steps = safeParts(pathname)
    if (steps === null) return new Response(null, { status: 400 })
    const [first, kind, ...rest] = steps
    if (first === 'assets' && IMAGES.has(kind ?? '')) return await answerImage([kind!, ...rest], request)
    if (extname(pathname) === '') return await pageFile(rendererFolder, ['index.html'])
    return await pageFile(rendererFolder, steps, HASHED.test(pathname))
  }

  return async (request) => {
    const response = await answer(request).catch(() => new Response(null, { status: 500 }))
    for (const [name, value] of Object.entries(protection(request))) response.headers.set(name, value)
    return response
  }
}

async function pageFile(folder: string, steps: readonly string[], isHashed = false): Promise<Response> {
  const path = await realPathBelow(folder, steps)
  const content = path === null ? null : await readFile(path).catch(() => null)
  if (path === null || content === null) return new Response(null, { status: 404 })
  return new Response(content, {
    headers: {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Content-Length': String(content.length),
      'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  })
}

/** What a page may do, whatever gets into it: nothing but talk to where it came from. */
function protection(request: Request): Record<string, string> {
  return {
    'Content-Security-Policy': contentPolicy(new URL(request.url)),
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()',
  }
}

function contentPolicy({ protocol, host }: URL): string {
  // Not every browser counts a WebSocket to the page's own server as 'self'.
  const socket = protocol === 'http:' ? ` ws://${host}` : ''
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self'${socket}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
