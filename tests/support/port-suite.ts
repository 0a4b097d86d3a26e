import { describe, expect, test } from 'vitest'
import { connectTable, type Port } from '#shared/rpc'
import { echoTable } from './echo.ts'

/** What every way from a client to a server has to do. `open` gives a client's end, with `serveEcho` at the other. */
export function describePort(name: string, open: () => Port | Promise<Port>): void {
  describe(`a contract over ${name}`, () => {
    test('asks and answers', async () => {
      const api = connectTable(echoTable, await open())
      expect(await api.request('echo', { value: { deep: [1, 'two', null] } })).toEqual({
        deep: [1, 'two', null],
      })
    })

    test('keeps events in their order, before the answer that follows them', async () => {
      const api = connectTable(echoTable, await open())
      const heard: number[] = []
      api.on('counted', ({ number }) => heard.push(number))
      await api.request('count', { to: 100 })
      expect(heard).toEqual(Array.from({ length: 100 }, (_, number) => number))
    })

    test('carries errors', async () => {
      const api = connectTable(echoTable, await open())
      await expect(api.request('fail', {})).rejects.toMatchObject({
        code: 'not-found',
        hint: 'Look elsewhere.',
      })
    })

    test('rejects what is pending when the other end goes away', async () => {
      const port = await open()
      const api = connectTable(echoTable, port)
      await api.request('echo', { value: 1 })
      const pending = api.request('never', {})
      port.close()
      await expect(pending).rejects.toMatchObject({ code: 'engine-unavailable' })
    })
  })
}
