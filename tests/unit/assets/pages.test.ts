import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeEach, describe, expect, test } from 'vitest'
import { createPages, type ImagePlaces } from '#main/assets/pages'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/pictures')
let folder: string
let pages: ReturnType<typeof createPages>
const get = (path: string, init: RequestInit = {}) => pages(new Request(`http://localhost:1${path}`, init))

const places = (root: string): ImagePlaces => ({
  dataset: (id) => (id === 'pets' ? root : null),
  run: (id, split, index) =>
    id === 'first' && split === 'test' && index === 0 ? join(root, 'cat/1.png') : null,
  prediction: (task, index) => (task === 't1' && index === 3 ? join(root, 'cat/1.png') : null),
})

beforeEach(() => {
  folder = temporaryFolder()
  const file = (path: string, content: string | Buffer) => {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const picture = readFileSync(join(fixtures, 'rgb.png'))
  file('renderer/index.html', '<html>the page</html>')
  file('renderer/assets/index-Ab3_-xY9.js', 'code')
  file('renderer/icon.png', picture)
  file('pictures/cat/1.png', picture)
  file('pictures/a b/ü#?%.png', picture)
  file('pictures/cat/notes.txt', 'not a picture')
  file('pictures/cat/picture.dat', picture)
  file('pictures/cat/secret.png', 'root:x:0:0')
  file('pictures/cat/drawing.png', '<svg xmlns="http://www.w3.org/2000/svg"/>')
  file('outside/private.png', picture)
  symlinkSync(join(folder, 'outside'), join(folder, 'pictures/way-out'))
  symlinkSync(join(folder, 'outside/private.png'), join(folder, 'pictures/cat/link.png'))
  symlinkSync(join(folder, 'pictures/cat/1.png'), join(folder, 'pictures/cat/inner.png'))
  pages = createPages({
    rendererFolder: join(folder, 'renderer'),
    thumbnailFolder: join(folder, 'thumbnails'),
    images: places(join(folder, 'pictures')),
  })
})

describe("the renderer's files", () => {
  test('are given with their types, and kept for ever where their name changes with them', async () => {
    const script = await get('/assets/index-Ab3_-xY9.js')
    expect(script.headers.get('content-type')).toContain('text/javascript')
    expect(script.headers.get('cache-control')).toContain('immutable')
    expect(await script.text()).toBe('code')
    expect((await get('/icon.png')).headers.get('cache-control')).toBe('no-cache')
  })

  test('a place within the page is the page; a file that is not there is missing', async () => {
    for (const path of ['/', '/projects/pets/runs/7', '/settings?tab=1'])
      expect(await (await get(path)).text()).toBe('<html>the page</html>')
    for (const path of ['/none.js', '/assets/none-12345678.js', '/favicon.ico'])
      expect((await get(path)).status).toBe(404)
  })

  test('every answer forbids what the page does not need', async () => {
    for (const path of ['/', '/assets/datasets/pets/cat/1.png', '/none.js', '/assets/datasets/no/1.png']) {
      const { headers } = await get(path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'; script-src 'self';")
      expect(policy).toContain("connect-src 'self' ws://localhost:1;")
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    }
    const window = await pages(new Request('dpl://app/index.html'))
    expect(window.headers.get('content-security-policy')).toContain("connect-src 'self';")
    expect(await window.text()).toBe('<html>the page</html>')
  })

  test('nothing but reading is answered', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await get('/assets/datasets/pets/cat/1.png', { method })).status).toBe(405)
  })
})

describe('pictures', () => {
  test('are found by dataset, run and prediction', async () => {
    const original = readFileSync(join(fixtures, 'rgb.png'))
    const odd = `/assets/datasets/pets/${['a b', 'ü#?%.png'].map(encodeURIComponent).join('/')}`
    for (const path of [
      '/assets/datasets/pets/cat/1.png',
      '/assets/datasets/pets/cat/inner.png',
      odd,
      '/assets/runs/first/test/0',
      '/assets/predictions/t1/3',
    ]) {
      const answer = await get(path)
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, 'image/png'])
      expect(Buffer.from(await answer.arrayBuffer()).equals(original)).toBe(true)
    }
    const head = await get('/assets/runs/first/test/0', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(original.length)])
  })

  test.each([
    '/assets/datasets/pets/../../outside/private.png',
    '/assets/datasets/pets/%2e%2e/outside/private.png',
    '/assets/datasets/pets/..%2foutside%2fprivate.png',
    '/assets/datasets/pets/%2e%2e%2foutside%2fprivate.png',
    '/assets/datasets/pets/%252e%252e/outside/private.png',
    '/assets/datasets/pets/cat%2f..%2f..%2foutside%2fprivate.png',
    '/assets/datasets/pets/..%5coutside%5cprivate.png',
    '/assets/datasets/pets/..\\outside\\private.png',
    '/assets/datasets/pets/cat%5c1.png',
    '/assets/datasets/pets/way-out/private.png',
    '/assets/datasets/pets/cat/link.png',
    '/assets/datasets/pets//etc/passwd.png',
    '/assets/datasets/pets/%2fetc%2fpasswd.png',
    '/assets/datasets/pets/cat/1.png%00.png',
    '/assets/datasets/pets/cat/1.png%00',
    '/assets/datasets/pets/cat/%c0%ae%c0%ae/1.png',
    '/assets/datasets/pets/cat/notes.txt',
    '/assets/datasets/pets/cat/picture.dat',
    '/assets/datasets/pets/cat/secret.png',
    '/assets/datasets/pets/cat/drawing.png',
    '/assets/datasets/pets/cat/drawing.png?size=96',
    '/assets/datasets/pets/cat',
    '/assets/datasets/pets/',
    '/assets/datasets/pets',
    '/assets/datasets/__proto__/cat/1.png',
    '/assets/datasets/others/cat/1.png',
    '/assets/runs/first/test/1',
    '/assets/runs/first/secret/0',
    '/assets/runs/first/test/-1',
    '/assets/runs/first/test/0/more.png',
    '/assets/predictions/t1/3/../../../x.png',
    '/assets/datasets/pets/cat/1.png?size=0',
    '/assets/datasets/pets/cat/1.png?size=1e9',
    '/assets/../../outside/private.png',
    '/..%2f..%2foutside/private.png',
  ])('%s is refused', async (path) => {
    const answer = await get(path)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(await answer.text()).toBe('')
  })

  test('are shrunk to the next larger step, upright, and only once', async () => {
    copyFileSync(join(fixtures, 'orientation-6.jpg'), join(folder, 'pictures/cat/turned.jpg'))
    const { autoOrient } = await sharp(join(folder, 'pictures/cat/turned.jpg')).metadata()
    await sharp(join(fixtures, 'wide.png'))
      .resize(900, 300, { fit: 'fill' })
      .toFile(join(folder, 'pictures/cat/big.png'))
    const sizeOf = async (path: string) => {
      const answer = await get(path)
      expect(answer.headers.get('content-type')).toBe('image/webp')
      const { width, height } = await sharp(await answer.arrayBuffer()).metadata()
      return [width, height]
    }
    expect(await sizeOf('/assets/datasets/pets/cat/big.png?size=100')).toEqual([160, 53])
    expect(await sizeOf('/assets/datasets/pets/cat/big.png?size=160')).toEqual([160, 53])
    expect(
      readdirSync(join(folder, 'thumbnails'), { recursive: true }).filter((name) =>
        /webp$/.test(String(name)),
      ),
    ).toHaveLength(1)
    expect(await sizeOf('/assets/datasets/pets/cat/turned.jpg?size=1280')).toEqual([
      autoOrient.width,
      autoOrient.height,
    ])
  })

  test('are made anew when the file has changed, and not sent again when it has not', async () => {
    const path = '/assets/datasets/pets/cat/1.png?size=96'
    const first = await get(path)
    const ETag = first.headers.get('etag') ?? ''
    expect((await get(path, { headers: { 'If-None-Match': ETag } })).status).toBe(304)
    copyFileSync(join(fixtures, 'tall.png'), join(folder, 'pictures/cat/1.png'))
    utimesSync(join(folder, 'pictures/cat/1.png'), 1, 1)
    const second = await get(path, { headers: { 'If-None-Match': ETag } })
    expect(second.status).toBe(200)
    expect(Buffer.from(await second.arrayBuffer())).not.toEqual(Buffer.from(await first.arrayBuffer()))
  })

  test('that cannot be decoded are refused, as is what is no file', async () => {
    copyFileSync(join(fixtures, 'truncated.png'), join(folder, 'pictures/cat/broken.png'))
    mkdirSync(join(folder, 'pictures/cat/folder.png'))
    expect((await get('/assets/datasets/pets/cat/broken.png?size=96')).status).toBe(415)
    expect((await get('/assets/datasets/pets/cat/folder.png')).status).toBe(404)
  })

  test('many at once are made one after the other, each once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        get(`/assets/datasets/pets/cat/1.png?size=${index % 2 === 0 ? 96 : 320}`),
      ),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const made = readdirSync(join(folder, 'thumbnails'), { recursive: true, withFileTypes: true })
    expect(made.filter((entry) => entry.isFile())).toHaveLength(2)
  })

  test('a thumbnail that a power failure has emptied is made again', async () => {
    const path = '/assets/datasets/pets/cat/1.png?size=96'
    await get(path)
    const [kept] = readdirSync(join(folder, 'thumbnails'), { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile(),
    )
    const file = join(kept!.parentPath, kept!.name)
    writeFileSync(file, '')
    expect((await (await get(path)).arrayBuffer()).byteLength).toBeGreaterThan(0)
    expect(statSync(file).size).toBeGreaterThan(0)
  })

  test('nobody waits for what nobody looks at any more', async () => {
    const gone = AbortSignal.abort()
    expect((await get('/assets/datasets/pets/cat/1.png?size=640', { signal: gone })).status).toBe(415)
    expect((await get('/assets/datasets/pets/cat/1.png?size=640')).status).toBe(200)
  })
})
