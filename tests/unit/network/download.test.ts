import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { download } from '#main/network/download'

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
const sha256 = createHash('sha256').update(content).digest('hex')

let folder: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'download-'))
})
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
  rmSync(folder, { recursive: true, force: true })
})

async function serve(answer: RequestListener): Promise<string> {
  server = createServer(answer)
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.pt`
}

const request = (url: string, more = {}) => ({
  url,
  path: join(folder, 'models', 'weights.pt'),
  partial: join(folder, 'downloads', 'weights.pt.part'),
  sha256,
  ...more,
})

/** Answers with the file, or the rest of it where that is asked for. */
function sendFile(ranges: (string | undefined)[], { cutAt }: { cutAt?: number } = {}): RequestListener {
  return ({ headers }, response) => {
    ranges.push(headers.range)
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': content.length - start })
    if (cutAt === undefined || start > 0) response.end(content.subarray(start))
    else {
      response.write(content.subarray(0, cutAt))
      const partial = join(folder, 'downloads', 'weights.pt.part')
      const cut = setInterval(() => {
        if (!existsSync(partial) || readFileSync(partial).length < cutAt) return
        clearInterval(cut)
        response.destroy()
      }, 5)
    }
  }
}

describe('download', () => {
  test('puts the file where it belongs, and tells how far it is', async () => {
    const told: (number | null)[][] = []
    const url = await serve(sendFile([]))
    await download(request(url, { onBytes: (...bytes: (number | null)[]) => told.push(bytes) }))
    expect(readFileSync(request(url).path).equals(content)).toBe(true)
    expect(told.at(-1)).toEqual([content.length, content.length])
    expect(existsSync(request(url).partial)).toBe(false)
  })

  test('goes on where a broken connection has left it', async () => {
    const ranges: (string | undefined)[] = []
    const url = await serve(sendFile(ranges, { cutAt: 100_000 }))
    await expect(download(request(url))).rejects.toMatchObject({ code: 'not-found' })
    const kept = readFileSync(request(url).partial).length
    expect(kept).toBe(100_000)
    await download(request(url))
    expect(ranges).toEqual([undefined, `bytes=${kept}-`])
    expect(readFileSync(request(url).path).equals(content)).toBe(true)
  })

  test('begins anew with a server that cannot go on', async () => {
    const url = await serve((_, response) => response.end(content))
    await download(request(url, { sha256: null }))
    rmSync(request(url).path)
    writeFileSync(request(url).partial, content.subarray(5, 1_000))
    await download(request(url))
    expect(readFileSync(request(url).path).equals(content)).toBe(true)
  })

  test('a file that had come whole is checked, not fetched again', async () => {
    const url = await serve((_, response) => response.writeHead(416).end())
    await download(request(url, { sha256: null })).catch(() => undefined)
    writeFileSync(request(url).partial, content)
    await download(request(url))
    expect(readFileSync(request(url).path).equals(content)).toBe(true)
  })

  test('a wrong file is never used, but kept to be looked at', async () => {
    const url = await serve((_, response) => response.end(Buffer.alloc(1_000)))
    await expect(download(request(url))).rejects.toMatchObject({ code: 'bad-file' })
    expect(existsSync(request(url).path)).toBe(false)
    expect(existsSync(`${request(url).partial}.wrong`)).toBe(true)
    expect(existsSync(request(url).partial)).toBe(false)
  })

  test('a disk that cannot hold it is said before anything is fetched', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': 10 ** 16 })
      response.write('x')
    })
    await expect(download(request(url))).rejects.toMatchObject({ code: 'disk-full' })
    expect(existsSync(request(url).partial)).toBe(false)
  })

  test('cancelled, it keeps what it has', async () => {
    const abort = new AbortController()
    const url = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': content.length })
      response.write(content.subarray(0, 50_000))
    })
    const cancelled = download(request(url, { signal: abort.signal })).then(
      () => 'complete',
      () => 'cancelled',
    )
    const kept = () => (existsSync(request(url).partial) ? readFileSync(request(url).partial).length : 0)
    await expect.poll(kept).toBe(50_000)
    abort.abort()
    expect(await cancelled).toBe('cancelled')
    expect(kept()).toBe(50_000)
  })

  test('what is not there says so', async () => {
    const url = await serve((_, response) => response.writeHead(404).end())
    await expect(download(request(url))).rejects.toThrow(/answers 404/)
  })
})
