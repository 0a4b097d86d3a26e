import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { margins, selectContextLengths } from '#shared/alpha-matrix'
import { RunConfig } from '#shared/schemas/run'
import { readNpy } from '#main/engine/tensor/npy'
import type { JobListeners } from '#main/engine-host/engine-host'
import { readEpochs } from '#main/epoch-log'
import { runFiles } from '#main/run-folder'
import { createRealHost, outcomeOfRun, startOnce } from '../support/killed-runs.ts'
import { writeSampleRun } from '../support/sample-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'killed-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

const config = RunConfig.parse({
  shots: 4,
  validationShots: 2,
  search: { epochs: 3, batchSize: 4, mixing: 'attention' },
  train: { epochs: 3, batchSize: 4 },
})

describe('a run whose engine is killed again and again', () => {
  test('ends with the same numbers as one that was left alone', { timeout: 300_000 }, async () => {
    const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')]
    await writeSampleRun(whole, { config })
    await writeSampleRun(broken, { config })
    expect((await startOnce(whole, { logFolder: folder })).end).toBe('finished')

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
    for (const [event, delay] of kills) {
      const killAfter = (happened: string) => (happened === event ? delay : null)
      ends.push((await startOnce(broken, { logFolder: folder, killAfter })).end)
    }
    // The last kill may come a moment too late; without the others the comparison would show nothing.
    expect(ends.slice(0, -1)).toEqual(new Array(kills.length - 1).fill('killed'))
    expect((await startOnce(broken, { logFolder: folder })).end).toBe('finished')
    const outcome = outcomeOfRun(whole)
    expect(outcomeOfRun(broken)).toEqual(outcome)

    // The answers to the test images say what the figures say.
    for (const [i, answers] of outcome.answers.entries()) {
      const { confusion } = outcome.evaluations[i]!
      const counted = confusion!.map((row) => row.map(() => 0))
      for (const { label, predicted } of answers!) counted[label]![predicted]! += 1
      expect(counted).toEqual(confusion)
    }
    // Margins from the stored arrays are those of the epochs that were told.
    for (const branch of ['text', 'image'] as const) {
      const stored = await readNpy(runFiles(whole)[branch === 'text' ? 'alphaText' : 'alphaImage'])
      const [epochs, layers, options] = stored.shape as [number, number, number]
      const at = (epoch: number, layer: number) => (epoch * layers + layer) * options
      const reports = outcome.epochs.filter((report) => report.stage === 'search')
      expect(reports).toHaveLength(epochs)
      for (const { epoch, alpha } of reports) {
        const matrix = Array.from({ length: layers }, (_, layer) =>
          Array.from(stored.data.subarray(at(epoch, layer), at(epoch, layer) + options)),
        )
        expect(margins(matrix)).toEqual(margins(alpha[branch]!))
        expect(selectContextLengths(matrix, config.search.options)).toEqual(
          selectContextLengths(alpha[branch]!, config.search.options),
        )
      }
    }
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
        const host = createRealHost(folder)
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
      const host = createRealHost(folder)
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
