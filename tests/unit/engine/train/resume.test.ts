import '../../../support/tensorflow.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import type { StageControl, StagePoint } from '#main/engine/optim/epochs'
import { createSearchState } from '#main/engine/prompts/supprompt'
import { searchStage, searchStart, type SearchSum } from '#main/engine/search/search-stage'
import { loadCheckpoint, saveCheckpoint } from '#main/engine/train/checkpoint'
import {
  createTrainingState,
  trainingStage,
  trainingStart,
  type TrainingSum,
} from '#main/engine/train/training-stage'
import type { EpochReport } from '#shared/schemas/run'
import { randomBatch, searchConfig, tinyTask, trainConfig } from '../../../support/step-fixtures.ts'

const folder = mkdtempSync(join(tmpdir(), 'resume-'))
afterAll(() => rmSync(folder, { recursive: true }))

const STEPS = 3
const EPOCHS = 3
const shapes = { text: { depth: 3, width: 16 }, image: { depth: 2, width: 24 } }
const contextLengths = { text: [0, 3, 2], image: [0, 2] }

type Point = StagePoint<string> & { report: EpochReport | null }
type Stage = (start: StagePoint<never> | null, control: StageControl) => AsyncGenerator<Point>

/** The batch of a step, the same whenever it is drawn. */
const drawn = (epoch: number, step: number, what: number) =>
  randomBatch(1000 * what + 10 * epoch + step, [0, 1, 2, 1])

const search: Stage = (start, control) => {
  const config = searchConfig({ epochs: EPOCHS, alphaOptimizer: 'adam' })
  const begin = (start as StagePoint<SearchSum> | null) ?? searchStart(createSearchState(shapes, config, 1))
  const batches = {
    stepsPerEpoch: STEPS,
    draw: (epoch: number, step: number) =>
      Promise.resolve({ train: drawn(epoch, step, 1), validation: drawn(epoch, step, 2) }),
  }
  return searchStage({ ...tinyTask(), branches: ['text', 'image'], config }, begin, batches, control)
}

const training: Stage = (start, control) => {
  const config = trainConfig({ epochs: EPOCHS })
  const state = () =>
    createTrainingState(contextLengths, { text: 16, image: 24 }, { promptScale: 0.02, seed: 1 })
  const begin = (start as StagePoint<TrainingSum> | null) ?? trainingStart(state())
  const batches = {
    stepsPerEpoch: STEPS,
    draw: (epoch: number, step: number) => Promise.resolve(drawn(epoch, step, 1)),
  }
  const validate = () => Promise.resolve({ loss: 1, accuracy: 0 })
  return trainingStage(
    { ...tinyTask(1), contextLengths, config, teacher: null },
    begin,
    { batches, validate },
    control,
  )
}

/** Runs until the end or until so many steps are done, saving every point that is yielded. */
async function run(
  stage: Stage,
  name: 'search' | 'train',
  start: StagePoint<never> | null,
  steps = Infinity,
) {
  const reports: EpochReport[] = []
  const values: Record<string, number[]> = {}
  let done = 0
  const control = {
    stopRequested: () => done >= steps,
    onStep: () => {
      done++
    },
  }
  for await (const point of stage(start, control)) {
    await saveCheckpoint(join(folder, name), { runId: 'run', stage: name }, point)
    if (point.report !== null) reports.push({ ...point.report, seconds: 0 })
    for (const [tensor, value] of Object.entries(point.state)) values[tensor] = [...value.dataSync()]
  }
  return { reports, values }
}

describe.each([
  [
    'search',
    search,
    () => searchStart(createSearchState(shapes, searchConfig({ alphaOptimizer: 'adam' }), 1)),
  ],
  [
    'train',
    training,
    () =>
      trainingStart(
        createTrainingState(contextLengths, { text: 16, image: 24 }, { promptScale: 0.02, seed: 9 }),
      ),
  ],
] as const)('a %s stopped between two steps', (name, stage, like) => {
  test.each([1, 3, 5, 8])(
    'after %i steps and resumed equals one that was never stopped, bit by bit',
    async (steps) => {
      const whole = await run(stage, name, null)
      const first = await run(stage, name, null, steps)
      const saved = await loadCheckpoint(
        join(folder, name),
        { runId: 'run', stage: name },
        like() as StagePoint<string>,
      )
      const second = await run(stage, name, saved)
      expect([...first.reports, ...second.reports]).toEqual(whole.reports)
      expect(second.values).toEqual(whole.values)
    },
  )
})

test('a stage releases its state when it ends', async () => {
  const before = tf.memory().numTensors
  const config = trainConfig({ epochs: 1 })
  const task = { ...tinyTask(1), contextLengths, config, teacher: null }
  const held = tf.memory().numTensors
  const start = trainingStart(
    createTrainingState(contextLengths, { text: 16, image: 24 }, { promptScale: 0.02, seed: 1 }),
  )
  const batches = {
    stepsPerEpoch: 2,
    draw: (epoch: number, step: number) => Promise.resolve(drawn(epoch, step, 1)),
  }
  const control = { stopRequested: () => false, onStep: () => undefined }
  for await (const point of trainingStage(
    task,
    start,
    { batches, validate: () => Promise.resolve(null) },
    control,
  ))
    expect(point.report).toBeNull()
  expect(held).toBeGreaterThan(before)
  expect(tf.memory().numTensors).toBe(held)
})
