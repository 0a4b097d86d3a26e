import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { takeLock, waitForLock } from '#main/lock-file'
import { temporaryFolder } from '../support/temporary-folder.ts'

const unusedPid = 2 ** 22 + 1

test('is held by one until it is released', () => {
  const path = join(temporaryFolder(), 'below', 'lock')
  const lock = takeLock(path, 'testing')
  expect(() => takeLock(path, 'testing')).toThrow(
    expect.objectContaining({ code: 'locked', message: expect.stringMatching(/testing/) as string }) as Error,
  )
  lock.release()
  expect(existsSync(path)).toBe(false)
  takeLock(path, 'testing').release()
})

test.each([
  ['whose process is gone', JSON.stringify({ pid: unusedPid, started: null, purpose: 'x' })],
  [
    'whose process id belongs to a later process',
    JSON.stringify({ pid: process.pid, started: '1', purpose: 'x' }),
  ],
  ['that nobody can read', '{"pid":'],
  ['that is empty', ''],
])('takes over a lock %s', (_, content) => {
  const folder = temporaryFolder()
  const path = join(folder, 'lock')
  writeFileSync(path, content)
  takeLock(path, 'testing').release()
  expect(readdirSync(folder)).toEqual([])
})

test('waits for a living holder and says why', async () => {
  const path = join(temporaryFolder(), 'lock')
  const first = takeLock(path, 'copying')
  const reasons: string[] = []
  const second = waitForLock(path, 'testing', { onWait: (reason) => reasons.push(reason) })
  setTimeout(() => first.release(), 300)
  ;(await second).release()
  expect(reasons).toHaveLength(1)
  expect(reasons[0]).toContain('copying')
})

test('stops waiting when told to', async () => {
  const path = join(temporaryFolder(), 'lock')
  const first = takeLock(path, 'copying')
  await expect(waitForLock(path, 'x', { signal: AbortSignal.timeout(50) })).rejects.toThrow()
  first.release()
})

test('a lock that somebody has taken over is not released by its former holder', () => {
  const path = join(temporaryFolder(), 'lock')
  const lock = takeLock(path, 'testing')
  writeFileSync(path, JSON.stringify({ pid: process.pid, started: null, purpose: 'another' }))
  lock.release()
  expect(existsSync(path)).toBe(true)
})

test('is an AppError that a shell can explain', () => {
  const path = join(temporaryFolder(), 'lock')
  takeLock(path, 'testing')
  const thrown = (() => {
    try {
      return takeLock(path, 'testing')
    } catch (error) {
      return error
    }
  })()
  expect(AppError.from(thrown).hint).toContain('Wait')
})
