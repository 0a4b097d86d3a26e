import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { connectTable, memoryPorts, type Port } from '#shared/rpc'
import { childPort } from '#main/process-port'
import { echoTable, serveEcho } from '../support/echo.ts'

const folder = mkdtempSync(join(tmpdir(), 'ports-'))
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
  rmSync(folder, { recursive: true, force: true })
})

/** Every way from a client to a server there is: a new one is a new line. */
const ports: [string, () => Port][] = [
  [
    'memory',
    () => {
      const [server, client] = memoryPorts()
      serveEcho(server)
      return client
    },
  ],
  [
    'child process',
    () => {
      const child = fork(join(import.meta.dirname, '../support/echo-process.ts'), [], {
        execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
        serialization: 'advanced',
      })
      ends.push(() => child.kill('SIGKILL'))
      return childPort(child)
    },
  ],
]

describe.each(ports)('a contract over %s', (_, open) => {
  test('asks and answers', async () => {
    const api = connectTable(echoTable, open())
    expect(await api.request('echo', { value: { deep: [1, 'two', null] } })).toEqual({
      deep: [1, 'two', null],
    })
  })

  test('keeps events in their order, before the answer that follows them', async () => {
    const api = connectTable(echoTable, open())
    const heard: number[] = []
    api.on('counted', ({ number }) => heard.push(number))
    await api.request('count', { to: 100 })
    expect(heard).toEqual(Array.from({ length: 100 }, (_, number) => number))
  })

  test('carries errors', async () => {
    const api = connectTable(echoTable, open())
    await expect(api.request('fail', {})).rejects.toMatchObject({
      code: 'not-found',
      hint: 'Look elsewhere.',
    })
  })

  test('rejects what is pending when the other end goes away', async () => {
    const port = open()
    const api = connectTable(echoTable, port)
    await api.request('echo', { value: 1 })
    const pending = api.request('never', {})
    port.close()
    await expect(pending).rejects.toMatchObject({ code: 'engine-unavailable' })
  })
})
