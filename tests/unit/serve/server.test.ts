import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, describe } from 'vitest'
import { AppError } from '#shared/errors'
import { connectTable } from '#shared/rpc'
import { startServer, type Served, type ServerOptions } from '#main/serve/server'
import { createUploads } from '#main/services/uploads'
import { enter, openSocket, rawRequest } from '../../support/browser-client.ts'
import { echoTable, serveEcho } from '../../support/echo.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function start(changes: Partial<Served> = {}, options: ServerOptions = {}) {
  const server = await startServer(
    {
      serve: serveEcho,
      pages: (request) => Promise.resolve(new Response(`page of ${new URL(request.url).pathname}`)),
      receiveUpload: () => Promise.resolve(),
      ...changes,
    },
    { port: 0, ...options },
  )
  ends.push(() => server.close())
  return { ...server, origin: new URL(server.url).origin }
}

describe('the token', () => {
  test('is exchanged for a cookie that only this server and no script can use', async () => {
    const { url, origin } = await start()
    const answer = await fetch(`${origin}/session`, {
      method: 'POST',
      headers: { Origin: origin, 'X-Token': url.split('token=')[1]! },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(url.split('token=')[1]).toMatch(/^[\w-]{43}$/)
    expect(answer.headers.get('set-cookie')).not.toContain(url.split('token=')[1])
  })

  test('has to be the right one, from the right page', async () => {
    const { url, origin } = await start()
    const token = url.split('token=')[1]!
    const exchange = async (headers: Record<string, string>) =>
      (await fetch(`${origin}/session`, { method: 'POST', headers })).status
    expect(await exchange({ Origin: origin })).toBe(401)
    expect(await exchange({ Origin: origin, 'X-Token': `${token}x` })).toBe(401)
    expect(await exchange({ Origin: origin, 'X-Token': token.slice(1) })).toBe(401)
    expect(await exchange({ Origin: 'http://evil.example', 'X-Token': token })).toBe(403)
    expect(await exchange({ 'X-Token': token })).toBe(403)
    expect((await fetch(`${origin}/session`)).status).toBe(401)
  })

  test('cannot be replaced by the name of the cookie', async () => {
    const { url, origin } = await start()
    const [name = '', value = ''] = (await enter(url)).cookie.split('=')
    for (const [given, status] of [
      [value, 204],
      ['', 401],
      [value.slice(1), 401],
      [`${value}x`, 401],
    ] as const) {
      const Cookie = `a=b; ${name}=${given}; c=d`
      expect([given, (await fetch(`${origin}/session`, { headers: { Cookie } })).status]).toEqual([
        given,
        status,
      ])
    }
  })

  test('of another server is of no use', async () => {
    const [one, other] = [await start(), await start()]
    const { cookie } = await enter(other.url)
    expect((await fetch(`${one.origin}/session`, { headers: { Cookie: cookie } })).status).toBe(401)
  })
})

describe('without a session', () => {
  test('the page is given, but nothing of the user', async () => {
    const { origin } = await start()
    expect(await (await fetch(`${origin}/projects/pets`)).text()).toBe('page of /projects/pets')
    expect(await (await fetch(`${origin}/assets/index-12345678.js`)).text()).toContain('page of')
    for (const path of ['/assets/datasets/pets/1.png', '/assets/runs/a/test/0', '/assets/predictions/t/0'])
      expect((await fetch(origin + path)).status).toBe(401)
    for (const [name, value] of Object.entries({ none: '', wrong: 'dplstudio-000000000000=x' }))
      expect([
        name,
        (await fetch(`${origin}/assets/datasets/p/1.png`, { headers: { Cookie: value } })).status,
      ]).toEqual([name, 401])
    expect(
      (
        await fetch(`${origin}/uploads/0123456789abcdef/a.png`, {
          method: 'PUT',
          body: 'x',
          headers: { Origin: origin },
        })
      ).status,
    ).toBe(401)
    await expect(openSocket(origin, { Origin: origin })).rejects.toThrow('401')
  })
})

describe('with a session', () => {
  test('pictures are given to our own page only', async () => {
    const client = await enter((await start()).url)
    expect((await client.get('/session')).status).toBe(204)
    expect((await client.get('/assets/datasets/pets/1.png')).status).toBe(200)
    for (const site of ['cross-site', 'same-site'])
      expect((await client.get('/assets/datasets/pets/1.png', { 'Sec-Fetch-Site': site })).status).toBe(403)
    expect(
      (await client.get('/assets/datasets/pets/1.png', { 'Sec-Fetch-Site': 'same-origin' })).status,
    ).toBe(200)
  })

  test('a foreign page can open no socket', async () => {
    const { url, origin } = await start()
    const { cookie } = await enter(url)
    const port = new URL(origin).port
    for (const Origin of [
      'http://evil.example',
      `http://localhost:${Number(port) + 1}`,
      'null',
      `https://127.0.0.1:${port}`,
    ])
      await expect(openSocket(origin, { Cookie: cookie, Origin })).rejects.toThrow('403')
    await expect(openSocket(origin, { Cookie: cookie })).rejects.toThrow('403')
  })

  test('a name that was made to point here is refused; the near end of a tunnel is not', async () => {
    const { url, origin } = await start()
    const { cookie } = await enter(url)
    const statusFor = async (host: string, path = '/assets/datasets/pets/1.png') =>
      (
        await rawRequest(origin, [
          `GET ${path} HTTP/1.1`,
          `Host: ${host}`,
          `Cookie: ${cookie}`,
          'Connection: close',
        ])
      ).status
    for (const host of [
      'evil.example',
      `evil.example:80`,
      '127.0.0.1.evil.example',
      'localhost.evil.example:8475',
      '0.0.0.0',
      '192.168.0.1',
      'user@127.0.0.1',
      '',
    ])
      expect([host, await statusFor(host)]).toEqual([host, 403])
    expect(await statusFor('evil.example', '/')).toBe(403)
    for (const host of ['localhost:9000', '127.0.0.1:9000', '[::1]:9000', 'localhost'])
      expect([host, await statusFor(host)]).toEqual([host, 200])
    const tunnel = await openSocket(origin, {
      Cookie: cookie,
      Origin: 'http://localhost:9000',
      Host: 'localhost:9000',
    })
    tunnel.terminate()
    await expect(
      openSocket(origin, { Cookie: cookie, Origin: 'http://evil.example', Host: 'evil.example' }),
    ).rejects.toThrow('403')
  })

  test.each([
    '/a/../assets/datasets/p/1.png',
    '/%2e%2e/x',
    '/./x',
    '//evil.example/x',
    '/a\\b',
    'http://evil.example/x',
  ])('an address written as %s is refused', async (path) => {
    const { url, origin } = await start()
    const { cookie } = await enter(url)
    const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', `Cookie: ${cookie}`, 'Connection: close']
    expect((await rawRequest(origin, lines)).status).toBe(400)
  })

  test('pages are only read', async () => {
    const { origin } = await start()
    for (const method of ['POST', 'DELETE', 'OPTIONS'])
      expect((await fetch(origin, { method })).status).toBe(405)
    expect((await fetch(`${origin}/api`)).status).toBe(426)
  })
})

describe('clients', () => {
  test('two hear the same events, and one that goes changes nothing', async () => {
    const ports: Parameters<Served['serve']>[0][] = []
    const client = await enter((await start({ serve: (port) => void ports.push(port) })).url)
    const [one, two] = [await client.socket(), await client.socket()]
    const heard = [once(one, 'message'), once(two, 'message')]
    for (const port of ports) port.post({ told: 'all' })
    for (const [data] of await Promise.all(heard)) expect(JSON.parse(String(data))).toEqual({ told: 'all' })
    one.close()
    await once(one, 'close')
    const next = once(two, 'message')
    for (const port of ports) port.post('still here')
    expect(String((await next)[0])).toBe('"still here"')
  })

  test('what is no message is passed over; what is too long ends the connection', async () => {
    const client = await enter((await start()).url)
    const port = await client.port()
    const socket = await client.socket()
    for (const odd of ['', '{', 'null', '{"type":"reply"}']) socket.send(odd)
    socket.send(Buffer.from([1, 2, 3]))
    expect(await connectTable(echoTable, port).request('echo', { value: 'ü' })).toBe('ü')
    socket.on('error', () => undefined)
    socket.send('x'.repeat(17 * 1024 * 1024))
    expect((await once(socket, 'close'))[0]).toBe(1009)
  })

  test('one that stops reading is given up, and takes nobody with it', { timeout: 20_000 }, async () => {
    const ports: Parameters<Served['serve']>[0][] = []
    const { url } = await start(
      { serve: (port) => void ports.push(port) },
      { mostUnreadBytes: 4 * 1024 * 1024 },
    )
    const client = await enter(url)
    const [stuck, alive] = [await client.socket(), await client.socket()]
    stuck.on('error', () => undefined)
    stuck.pause()
    const end = { isThere: false }
    ports[0]!.onClose(() => (end.isThere = true))
    let heard = 0
    alive.on('message', () => heard++)
    let sent = 0
    while (!end.isThere && sent < 500) {
      for (const port of ports) port.post('x'.repeat(256 * 1024))
      sent++
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(end.isThere).toBe(true)
    while (heard < sent) await once(alive, 'message')
    expect(alive.readyState).toBe(alive.OPEN)
  })

  test('one that has died without a word is noticed', async () => {
    const ports: Parameters<Served['serve']>[0][] = []
    const { url } = await start({ serve: (port) => void ports.push(port) }, { heartbeatMs: 30 })
    const client = await enter(url)
    const alive = await client.socket()
    const dead = await client.socket()
    dead.on('error', () => undefined)
    dead.pause()
    await new Promise<void>((resolve) => ports[1]!.onClose(resolve))
    expect(alive.readyState).toBe(alive.OPEN)
  })

  test('are told when the server ends', async () => {
    const server = await start()
    const socket = await (await enter(server.url)).socket()
    const closed = once(socket, 'close')
    await server.close()
    expect((await closed)[0]).toBe(1001)
    await expect(fetch(server.origin)).rejects.toThrow()
  })
})

describe('the address', () => {
  test.each(['0.0.0.0', '192.168.1.2', '::', 'example.org'])('%s is not listened on', async (host) => {
    await expect(start({}, { host })).rejects.toMatchObject({
      code: 'invalid-input',
      hint: expect.stringContaining('ssh -L') as string,
    })
  })

  test('a port that is taken is named, unless any will do', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    ends.push(() => new Promise((resolve) => other.close(resolve)))
    const { port } = other.address() as AddressInfo
    await expect(start({}, { port })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(String(port)) as string,
    })
    const [usual, next] = [await start({}, { port: undefined }), await start({}, { port: undefined })]
    expect(next.url).not.toBe(usual.url)
  })
})

describe('uploads', () => {
  const begin = async (changes: Partial<Served> = {}) => {
    const uploads = createUploads({ folder: temporaryFolder(), isOffered: true })
    const client = await enter((await start({ receiveUpload: uploads.receive, ...changes })).url)
    return { ...uploads.begin(), client }
  }

  test('need our own page, and PUT', async () => {
    const { id, client } = await begin()
    expect((await client.put(`/uploads/${id}/a.png`, 'x')).status).toBe(204)
    expect((await client.put(`/uploads/${id}/a.png`, 'x', { Origin: 'http://evil.example' })).status).toBe(
      403,
    )
    expect((await client.get(`/uploads/${id}/a.png`)).status).toBe(405)
  })

  test('failures have a status and words, also for a large file', async () => {
    const { id, client } = await begin()
    const large = Buffer.alloc(20 * 1024 * 1024)
    const refused = await client.put(`/uploads/${id}/program.exe`, large)
    expect([refused.status, await refused.text()]).toEqual([415, expect.stringContaining('program.exe')])
    expect((await client.put('/uploads/0123456789abcdef/a.png', 'x')).status).toBe(404)
    for (const path of ['..%2fa.png', 'a%2f..%2f..%2fb.png', '%00.png', 'a//b.png', 'a%5cb.png', ''])
      expect([path, (await client.put(`/uploads/${id}/${path}`, 'x')).status]).toEqual([path, 400])
    const tooMuch = await begin({
      receiveUpload: async (_, __, content) => {
        for await (const chunk of content)
          throw new AppError('bad-file', `${chunk.length > 0 ? 'some' : 'no'} of it`)
      },
    })
    const half = await tooMuch.client.put(`/uploads/${tooMuch.id}/a.png`, large)
    expect([half.status, await half.text()]).toEqual([413, 'some of it'])
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const other = await begin({ receiveUpload: () => Promise.reject(full) })
    const answer = await other.client.put(`/uploads/${other.id}/a.png`, large)
    expect([answer.status, await answer.text()]).toEqual([507, expect.stringContaining('disk is full')])
  })
})
