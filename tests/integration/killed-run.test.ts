import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { RunConfig, RunResult } from '#shared/schemas/run'
import { dataFolder } from '#main/data-folder'
import { createEngineHost, type JobListeners } from '#main/engine-host/engine-host'
import { spawnNodeEngine } from '#main/engine-host/spawn-node-engine'
import { readEpochs } from '#main/epoch-log'
import { readJson } from '#main/files'
import { runFiles } from '#main/run-folder'
import { engineEnvironment } from '#main/runtime/environment'
import { findPack } from '#main/runtime/packs'
import { writeSampleRun } from '../support/sample-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'killed-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

const config = RunConfig.parse({
  shots: 4,
  validationShots: 2,
  search: { epochs: 3, batchSize: 4, mixing: 'attention' },
  train: { epochs: 3, batchSize: 4 },
})

function createHost() {
  const pack = findPack(dataFolder())
  const runtime = () => ({ packFolder: pack.folder, environment: engineEnvironment(pack) })
  const program = join(import.meta.dirname, '..', '..', 'out', 'main', 'engine.js')
  return createEngineHost({
    spawn: spawnNodeEngine({ program, runtime, logFile: join(folder, 'engine.log') }),
  })
}

/** Runs the job of a folder once; the first time `until` says so, the engine is killed without warning. */
async function runOnce(run: string, until: (event: string) => number | null = () => null): Promise<string> {
  const host = createHost()
  const kills: number[] = []
  const tell = (event: string) => {
    const delay = until(event)
    if (delay === null) return
    kills.push(delay)
    void sleep(delay).then(() => host.kill('job'))
  }
  const listeners: JobListeners = {
    onEpoch: ({ stage, epoch }) => tell(`${stage} ${epoch}`),
    onEvaluated: (method) => tell(method),
  }
  try {
    const result = await host.run({ kind: 'run', id: 'job', folder: run }, listeners)
    return result.kind === 'run' ? result.status : 'unexpected'
  } catch (thrown) {
    if (kills.length === 0) throw thrown
    return 'killed'
  } finally {
    await host.dispose()
  }
}

/** Everything a run is judged by, without the times it took. */
function outcome(run: string) {
  const files = runFiles(run)
  const { zeroShot, supprompt, dpl, contextLengths } = readJson(files.result, RunResult)
  const prompt = readFileSync(files.prompt)
  return {
    epochs: readEpochs(files.epochs).map((report) => ({ ...report, seconds: 0 })),
    evaluations: [zeroShot, supprompt, dpl].map((evaluation) => ({ ...evaluation, seconds: 0 })),
    contextLengths,
    // The header carries the time of writing; the numbers follow it.
    prompts: prompt.subarray(8 + Number(prompt.readBigUInt64LE())).toString('base64'),
    alpha: readFileSync(files.alphaText).toString('base64'),
  }
}

describe('a run whose engine is killed again and again', () => {
  test('ends with the same numbers as one that was left alone', { timeout: 300_000 }, async () => {
    const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')]
    await writeSampleRun(whole, { config })
    await writeSampleRun(broken, { config })
    expect(await runOnce(whole)).toBe('finished')

    // In the zero-shot pass, in a step, right behind a checkpoint, between the stages, while prompts are written.
    const kills: [string, number][] = [
      ['zero-shot', 30],
      ['search 1', 150],
      ['search 3', 0],
      ['supprompt', 40],
      ['train 2', 60],
      ['dpl', 0],
    ]
    const ends: string[] = []
    for (const [event, delay] of kills)
      ends.push(await runOnce(broken, (happened) => (happened === event ? delay : null)))
    // The last kill may come a moment too late; without the others the comparison would show nothing.
    expect(ends.slice(0, -1)).toEqual(new Array(kills.length - 1).fill('killed'))
    expect(await runOnce(broken)).toBe('finished')
    expect(outcome(broken)).toEqual(outcome(whole))
  })
})

describe('a run that is paused and cancelled', () => {
  test(
    'goes on where it stood, and keeps the prompts it has when cancelled',
    { timeout: 300_000 },
    async () => {
      const run = join(folder, 'paused')
      await writeSampleRun(run, { config })
      const interruptAfter = async (event: string, how: 'pause' | 'cancel' | 'stop-search') => {
        const host = createHost()
        const onEpoch: JobListeners['onEpoch'] = ({ stage, epoch }) => {
          if (`${stage} ${epoch}` === event) void host.interrupt('job', how)
        }
        try {
          return await host.run({ kind: 'run', id: 'job', folder: run }, { onEpoch })
        } finally {
          await host.dispose()
        }
      }
      expect(await interruptAfter('search 1', 'pause')).toMatchObject({ status: 'paused' })
      const stopped = await interruptAfter('search 2', 'stop-search')
      expect(stopped).toMatchObject({ status: 'finished' })
      const searched = readEpochs(runFiles(run).epochs).filter(({ stage }) => stage === 'search')
      expect(searched.map(({ epoch }) => epoch)).toEqual([0, 1, 2])

      const cancelled = join(folder, 'cancelled')
      await writeSampleRun(cancelled, { config })
      const host = createHost()
      const onEpoch: JobListeners['onEpoch'] = ({ stage, epoch }) => {
        if (stage === 'train' && epoch === 1) void host.interrupt('job', 'cancel')
      }
      expect(await host.run({ kind: 'run', id: 'job', folder: cancelled }, { onEpoch })).toMatchObject({
        status: 'cancelled',
      })
      await host.dispose()
      expect(readFileSync(runFiles(cancelled).prompt).length).toBeGreaterThan(1000)
    },
  )
})
