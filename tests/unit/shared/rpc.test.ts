import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { connectTable, memoryPorts, serveTable, type HandlersOf } from '#shared/rpc'

const table = {
  requests: {
    'sum/of': { input: z.object({ a: z.number(), b: z.number().default(1) }), output: z.number() },
    'nothing/done': { input: z.object({}), output: z.void() },
  },
  events: { 'sum/made': z.object({ sum: z.number() }) },
} as const

const handlers: HandlersOf<typeof table> = {
  'sum/of': ({ a, b }) => a + b,
  'nothing/done': () => undefined,
}

function connected(own: Partial<typeof handlers> = {}) {
  const [server, client] = memoryPorts()
  const violations: AppError[] = []
  const emit = serveTable(table, server, { ...handlers, ...own })
  const api = connectTable(table, client, { onViolation: (error) => violations.push(error) })
  return { server, client, emit, api, violations }
}

describe('a contract over a port', () => {
  test('fills in the defaults of what is asked', async () => {
    expect(await connected().api.request('sum/of', { a: 1 })).toBe(2)
    await expect(connected().api.request('nothing/done', {})).resolves.toBeUndefined()
  })

  test('refuses what is asked in another shape, before a handler sees it', async () => {
    const { api } = connected()
    await expect(api.request('sum/of', { a: '1' } as never)).rejects.toMatchObject({ code: 'invalid-input' })
  })

  test('refuses requests that are not in the table, however they are called', async () => {
    const { client } = connected()
    for (const name of ['no/such', 'toString', '__proto__', 'constructor']) {
      const answer = new Promise((resolve) => client.listen(resolve))
      client.post({ type: 'request', id: 99, name, input: {} })
      expect(await answer).toMatchObject({ type: 'failure', id: 99, error: { code: 'invalid-input' } })
    }
  })

  test('carries an error with its code and hint', async () => {
    const { api } = connected({
      'sum/of': () => {
        throw new AppError('disk-full', 'No room', { hint: 'Make some' })
      },
    })
    const error = await api.request('sum/of', { a: 1 }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'disk-full', message: 'No room', hint: 'Make some' })
  })

  test('refuses an answer of another shape', async () => {
    const { api } = connected({ 'sum/of': () => 'three' as never })
    await expect(api.request('sum/of', { a: 1 })).rejects.toMatchObject({ code: 'internal' })
  })

  test('answers many requests at once, each its own', async () => {
    const { api } = connected({ 'sum/of': async ({ a, b }) => await Promise.resolve(a + b) })
    const sums = await Promise.all(Array.from({ length: 50 }, (_, a) => api.request('sum/of', { a, b: 2 })))
    expect(sums).toEqual(Array.from({ length: 50 }, (_, a) => a + 2))
  })

  test('tells events until nobody listens', async () => {
    const { api, emit } = connected()
    const heard: number[] = []
    const stop = api.on('sum/made', ({ sum }) => heard.push(sum))
    emit('sum/made', { sum: 1 })
    await api.request('nothing/done', {})
    stop()
    emit('sum/made', { sum: 2 })
    await api.request('nothing/done', {})
    expect(heard).toEqual([1])
  })

  test('tells of events that break the contract and passes over what is no message', async () => {
    const { api, server, violations } = connected()
    const heard: unknown[] = []
    api.on('sum/made', (payload) => heard.push(payload))
    for (const junk of [null, 1, 'text', { type: 'event' }, { type: 'reply' }]) server.post(junk)
    server.post({ type: 'event', name: 'sum/made', payload: { sum: 'much' } })
    server.post({ type: 'event', name: 'no/such', payload: {} })
    await api.request('nothing/done', {})
    expect(heard).toEqual([])
    expect(violations.map(({ message }) => message)).toEqual([
      expect.stringContaining('event sum/made of another shape'),
      expect.stringContaining('unknown event no/such'),
    ])
  })

  test('rejects what is pending, and what is asked later, when the other end goes away', async () => {
    const { api, server } = connected({ 'sum/of': () => new Promise<number>(() => undefined) })
    const pending = api.request('sum/of', { a: 1 })
    server.close()
    await expect(pending).rejects.toMatchObject({ code: 'engine-unavailable' })
    await expect(api.request('sum/of', { a: 1 })).rejects.toMatchObject({ code: 'engine-unavailable' })
  })
})
