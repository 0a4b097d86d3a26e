import { expect, test } from 'vitest'
import { createTurns } from '#main/assets/turns'

test('so many at once and no more; who came last goes first; a failure makes room', async () => {
  const inTurn = createTurns(2)
  const { signal } = new AbortController()
  const order: number[] = []
  let [now, most] = [0, 0]
  const act = (number: number) => async () => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setTimeout(resolve, 2))
    order.push(number)
    now--
    if (number === 0) throw new Error('broken')
  }
  const all = [0, 1, 2, 3, 4].map((number) => inTurn(signal, act(number)))
  const given = inTurn(AbortSignal.abort(), act(5))
  await expect(all[0]).rejects.toThrow('broken')
  await expect(given).rejects.toThrow()
  await Promise.all(all.slice(1))
  expect(most).toBe(2)
  expect(order).toEqual([0, 1, 4, 3, 2])
})
