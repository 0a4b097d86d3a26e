import { fork } from 'node:child_process'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { memoryPorts } from '#shared/rpc'
import { childPort } from '#main/process-port'
import { startServer } from '#main/serve/server'
import { enter } from '../support/browser-client.ts'
import { serveEcho } from '../support/echo.ts'
import { describePort } from '../support/port-suite.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

describePort('memory', () => {
  const [server, client] = memoryPorts()
  serveEcho(server)
  return client
})

describePort('a child process', () => {
  const child = fork(join(import.meta.dirname, '../support/echo-process.ts'), [], {
    execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
    serialization: 'advanced',
  })
  ends.push(() => child.kill('SIGKILL'))
  return childPort(child)
})

describePort('a WebSocket', async () => {
  const pages = () => Promise.resolve(new Response())
  const server = await startServer(
    { serve: serveEcho, pages, receiveUpload: () => Promise.resolve() },
    { port: 0 },
  )
  ends.push(() => server.close())
  return await (await enter(server.url)).port()
})
