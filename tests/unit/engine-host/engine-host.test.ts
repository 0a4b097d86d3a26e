import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RunConfig } from '#shared/schemas/run'
import { createEngineHost, type EngineHost } from '#main/engine-host/engine-host'
import type { Job } from '#main/engine/protocol'
import { runFiles, type RunJob } from '#main/run-folder'
import { spawnFakeEngine, type FakeEngine } from '../../support/engines.ts'

let folder: string
let host: EngineHost
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engine-host-'))
})
afterEach(async () => {
  await host.dispose()
  rmSync(folder, { recursive: true, force: true })
})

function createHost(engine: FakeEngine = {}, graceMs = 30_000) {
  const pids: (number | null)[] = []
  host = createEngineHost({
    spawn: spawnFakeEngine(folder, engine),
    graceMs,
    onProcess: (pid) => pids.push(pid),
  })
  return { host, pids }
}

const describeJob = (id: string): Job => ({ kind: 'describe', id })
const model = { id: 'm', name: 'm', path: '/m', digest: 'x' }
const predictJob = (id: string): Job => ({
  kind: 'predict',
  id,
  folder,
  model,
  images: ['a.png'],
  csv: null,
  top: 1,
})

/** A run folder with the smallest job that the fake engine accepts. */
function runJob(epochs = 3): Job {
  const dataset = { id: 'd', name: 'd', fingerprint: 'f', classNames: ['cat', 'dog'] }
  const job: RunJob = {
    runId: 'r1',
    name: 'r1',
    kind: 'search',
    createdAt: '2026-01-01T00:00:00Z',
    config: RunConfig.parse({ search: { epochs } }),
    model,
    dataset: { ...dataset, train: [], validation: [], test: [] },
  }
  writeFileSync(runFiles(folder).job, JSON.stringify(job))
  return { kind: 'run', id: 'r1', folder }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('createEngineHost', () => {
  test('runs jobs one after the other in one process', async () => {
    const { pids } = createHost()
    const started: string[] = []
    const results = await Promise.all(
      ['a', 'b', 'c'].map((id) => host.run(describeJob(id), { onStart: () => started.push(id) })),
    )
    expect(started).toEqual(['a', 'b', 'c'])
    expect(results.map(({ kind }) => kind)).toEqual(['describe', 'describe', 'describe'])
    expect(pids).toHaveLength(1)
  })

  test('runs a job in a fresh process when asked to', async () => {
    const { pids } = createHost()
    await host.run(describeJob('a'))
    await host.run(describeJob('b'), {}, { fresh: true })
    expect(new Set(pids.filter((pid) => pid !== null)).size).toBe(2)
  })

  test('ends an idle engine when what it was started with has changed, and one at work after its job', async () => {
    const { pids } = createHost()
    await host.run(describeJob('a'))
    await host.renew()
    expect(host.state().pid).toBeNull()
    await host.run(describeJob('b'), { onStart: () => void host.renew() })
    await host.run(describeJob('c'))
    expect(new Set(pids.filter((pid) => pid !== null)).size).toBe(3)
  })

  test('passes on what a job tells', async () => {
    createHost()
    const told: string[] = []
    const result = await host.run(runJob(2), {
      onProgress: ({ stage }) => told.push(`progress ${stage}`),
      onEpoch: ({ epoch }) => told.push(`epoch ${epoch}`),
      onEvaluated: (method) => told.push(`evaluated ${method}`),
    })
    const perEpoch = [0, 1, 2].flatMap((epoch) => ['progress search', `epoch ${epoch}`])
    expect(told).toEqual(['evaluated zero-shot', ...perEpoch])
    expect(result).toMatchObject({ kind: 'run', status: 'finished' })
  })

  test('rejects with the error a job failed with, and goes on', async () => {
    createHost({ mode: 'fail' })
    await expect(host.run(describeJob('a'))).rejects.toMatchObject({
      code: 'bad-file',
      hint: 'Copy them again.',
    })
    await expect(host.run(describeJob('b'))).rejects.toMatchObject({ code: 'bad-file' })
  })

  test('says how an engine died and how to go on, and starts another one', async () => {
    const { pids } = createHost({ mode: 'crash' })
    const error = await host.run(runJob()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'engine-unavailable' })
    expect(String(error)).toContain('SIGKILL')
    expect(String(error)).toContain('Check failed: something broke')
    expect((error as { hint: string }).hint).toContain('dplstudio resume r1')
    await host.run(describeJob('b'))
    expect(pids.filter((pid) => pid !== null)).toHaveLength(2)
  })

  test('rejects jobs when no engine can be started', async () => {
    host = createEngineHost({
      spawn: () => {
        throw new Error('no runtime pack')
      },
    })
    await expect(host.run(describeJob('a'))).rejects.toThrow('no runtime pack')
    await expect(host.run(describeJob('b'))).rejects.toThrow('no runtime pack')
  })

  test('pauses between two steps and frees the memory of the card by ending the process', async () => {
    const { pids } = createHost({ epochMs: 30 })
    const done = host.run(runJob(100), { onEpoch: () => void host.interrupt('r1', 'pause') })
    await expect(done).resolves.toMatchObject({ kind: 'run', status: 'paused' })
    await expect.poll(() => pids.at(-1)).toBeNull()
  })

  test('ends an engine that does not stop within the grace time', async () => {
    createHost({ mode: 'hang' }, 200)
    const done = host.run(predictJob('a'))
    await sleep(50)
    const interrupted = host.interrupt('a', 'cancel')
    await expect(done).rejects.toMatchObject({ code: 'run-cancelled' })
    await interrupted
  })

  test('kills a job at once', async () => {
    createHost({ mode: 'hang' })
    const done = host.run(predictJob('a'))
    setTimeout(() => host.kill('a'), 300)
    await expect(done).rejects.toMatchObject({ code: 'run-cancelled' })
  })

  test('takes a job out of the queue', async () => {
    createHost({ epochMs: 300 })
    const first = host.run(predictJob('a'))
    const second = host.run(predictJob('b'))
    expect(host.jobs()).toEqual(['a', 'b'])
    await host.interrupt('b', 'cancel')
    await expect(second).rejects.toMatchObject({ code: 'run-cancelled' })
    await expect(first).resolves.toMatchObject({ kind: 'predict' })
  })

  test('is not confused by messages that are none of its own', async () => {
    createHost({ mode: 'garbage' })
    await expect(host.run(describeJob('a'))).resolves.toMatchObject({ kind: 'describe' })
  })

  test('fails the job, instead of waiting for ever, when the engine breaks the protocol', async () => {
    const { pids } = createHost({ mode: 'malformed' })
    await expect(host.run(describeJob('a'))).rejects.toMatchObject({ code: 'internal' })
    await expect.poll(() => pids.at(-1)).toBeNull()
  })

  test('keeps the log without the noise and finds the name of the card', async () => {
    createHost({ mode: 'noisy' })
    await host.run(describeJob('a'))
    await expect.poll(() => host.deviceName()).toBe('NVIDIA H100')
    expect(readFileSync(join(folder, 'logs', 'engine.log'), 'utf8')).not.toContain('oneDNN')
  })

  test('ends the process when it is disposed of', async () => {
    const { pids } = createHost({ mode: 'hang' })
    const done = host.run(predictJob('a'))
    const rejected = expect(done).rejects.toMatchObject({ code: 'run-cancelled' })
    await expect.poll(() => pids.length).toBe(1)
    await host.dispose()
    await rejected
    expect(isAlive(pids[0]!)).toBe(false)
    await expect(host.run(describeJob('b'))).rejects.toMatchObject({ code: 'run-cancelled' })
  })
})

describe('an engine process', () => {
  test('ends when its parent is killed', async () => {
    createHost()
    const parent = spawn(
      process.execPath,
      [join(import.meta.dirname, '../../support/engine-parent.ts'), folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const enginePid = Number(line.toString())
    expect(isAlive(enginePid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(enginePid), { timeout: 10_000 }).toBe(false)
  })

  test('must not start another engine', () => {
    createHost()
    process.env['DPLSTUDIO_ENGINE_CHILD'] = '1'
    try {
      expect(() => spawnFakeEngine(folder)()).toThrow('must not start another engine')
    } finally {
      delete process.env['DPLSTUDIO_ENGINE_CHILD']
    }
    expect(existsSync(folder)).toBe(true)
  })
})
