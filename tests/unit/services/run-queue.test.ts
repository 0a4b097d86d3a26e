import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emptyQueue,
  enqueue,
  hold,
  move,
  runEnded,
  startNext,
  withdraw,
  type QueueState,
} from '#main/services/run-queue'

const queueOf = (...ids: string[]): QueueState => ids.reduce(enqueue, emptyQueue)
const fine = { name: 'a', error: null }
const failed = (message: string) => ({ name: 'My run', error: { code: 'internal' as const, message } })
const never = { pauseOnFailure: false }

describe('the queue of runs', () => {
  test('gives the engine to one run at a time, in order', () => {
    const first = startNext(queueOf('a', 'b'))
    expect(first).toMatchObject({ running: 'a', waiting: ['b'] })
    expect(startNext(first)).toBe(first)
    expect(startNext(runEnded(first, fine, never))).toMatchObject({ running: 'b', waiting: [] })
  })

  test('lets runs change places and leave', () => {
    expect(move(queueOf('a', 'b', 'c'), 'c', 0).waiting).toEqual(['c', 'a', 'b'])
    expect(move(queueOf('a', 'b', 'c'), 'a', 1).waiting).toEqual(['b', 'a', 'c'])
    expect(move(queueOf('a', 'b', 'c'), 'a', 99).waiting).toEqual(['b', 'c', 'a'])
    expect(move(queueOf('a'), 'x', 0).waiting).toEqual(['a'])
    expect(withdraw(queueOf('a', 'b'), 'a').waiting).toEqual(['b'])
  })

  test('moves lose no run and double none', () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...ids), fc.nat(9))), (moves) => {
        const queue = moves.reduce((state, [id, place]) => move(state, id, place), queueOf(...ids))
        expect([...queue.waiting].sort()).toEqual(ids)
      }),
    )
  })

  test('starts nothing while it is held', () => {
    const held = hold(queueOf('a'), true)
    expect(startNext(held).running).toBeNull()
    expect(startNext(hold(held, false)).running).toBe('a')
  })

  test('goes on after a failure, unless the user wants to look first', () => {
    expect(runEnded(startNext(queueOf('a', 'b')), failed('no luck'), never)).toMatchObject({ held: false })
    const looked = runEnded(startNext(queueOf('a', 'b')), failed('no luck'), { pauseOnFailure: true })
    expect(looked).toMatchObject({ held: true, reason: 'My run failed: no luck' })
  })

  test('is held with a note when the same failure comes twice in a row', () => {
    const once = runEnded(startNext(queueOf('a', 'b', 'c')), failed('no card\n at 0x12'), never)
    const twice = runEnded(startNext(once), failed('no card\n at 0x34'), never)
    expect(twice).toMatchObject({ held: true, waiting: ['c'] })
    expect(twice.reason).toContain('in the same way: no card')
    // Released, the same failure counts as the first again.
    expect(runEnded(startNext(hold(twice, false)), failed('no card'), never).held).toBe(false)
  })

  test('takes other failures, and failures with a success between them, for accidents', () => {
    const once = runEnded(startNext(queueOf('a', 'b', 'c')), failed('one'), never)
    expect(runEnded(startNext(once), failed('another'), never).held).toBe(false)
    const between = runEnded(startNext(once), fine, never)
    expect(runEnded(startNext(between), failed('one'), never).held).toBe(false)
  })
})
