import type { PromptConfiguration } from '#shared/schemas/prompt'
import { Branch } from '#shared/schemas/prompt'
import type { TrainConfig, TrainEpoch } from '#shared/schemas/run'
import * as tf from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import { createRandom, normalArray } from '../tensor/random.ts'
import type { Batch } from '../methods/batch.ts'
import { runEpochs, type StageControl, type StagePoint, type Totals } from '../optim/epochs.ts'
import { learningRateAt } from '../optim/schedule.ts'
import { trainingStep, type TrainingTask } from './training-step.ts'

/** The batch of every step. The stage releases it. */
export interface TrainingBatches {
  readonly stepsPerEpoch: number
  /** `step` counts within the epoch */
  draw(epoch: number, step: number): Promise<Batch>
}

/** Loss and accuracy on images that were not trained on; null when it was asked to stop. */
export type Validate = (state: NamedTensors) => Promise<{ loss: number; accuracy: number } | null>

export type TrainingSum = 'total' | 'deviation' | 'distillation' | 'correct' | 'images'

/** Fresh prompts of the chosen lengths; nothing is inherited from the search. The caller owns the tensors. */
export function createTrainingState(
  contextLengths: PromptConfiguration,
  widths: Record<Branch, number>,
  { promptScale, seed }: { promptScale: number; seed: number },
): NamedTensors {
  const state: Record<string, tf.Tensor> = {}
  for (const branch of Branch.options) {
    const rows = contextLengths[branch].reduce((sum, length) => sum + length, 0)
    if (rows === 0) continue
    const shape: [number, number] = [rows, widths[branch]]
    const random = createRandom(seed, 'training-prompts', branch)
    state[`${branch}.prompts`] = tf.tensor2d(normalArray(random, rows * widths[branch], promptScale), shape)
    state[`${branch}.promptVelocity`] = tf.zeros(shape)
  }
  return state
}

/** The beginning of training. Takes ownership of the state. */
export function trainingStart(state: NamedTensors): StagePoint<TrainingSum> {
  const totals = { total: 0, deviation: 0, distillation: 0, correct: 0, images: 0, seconds: 0 }
  return { state, epoch: 0, step: 0, totals }
}

/**
 * Learns the prompts of the chosen context lengths. Yields after every epoch, and once more without a report when
 * it is asked to stop. A yielded state is borrowed until the next one is asked for. Takes ownership of `start.state`.
 */
export function trainingStage(
  task: TrainingTask,
  start: StagePoint<TrainingSum>,
  { batches, validate }: { batches: TrainingBatches; validate: Validate },
  control: StageControl,
): AsyncGenerator<StagePoint<TrainingSum> & { report: TrainEpoch | null }> {
  const loop = {
    epochs: task.config.epochs,
    stepsPerEpoch: batches.stepsPerEpoch,
    takeStep: async (state: NamedTensors, epoch: number, step: number) =>
      takeStep(task, state, await batches.draw(epoch, step), epoch),
    describe: async (point: StagePoint<TrainingSum>) => {
      if (!isValidationEpoch(task.config, point.epoch)) return describeEpoch(task, point, null)
      const validation = await validate(point.state)
      return validation && describeEpoch(task, point, validation)
    },
  }
  return runEpochs(loop, start, control)
}

function isValidationEpoch({ validateEvery, epochs }: TrainConfig, epoch: number): boolean {
  return validateEvery > 0 && (epoch % validateEvery === 0 || epoch === epochs)
}

async function takeStep(
  task: TrainingTask,
  state: NamedTensors,
  batch: Batch,
  epoch: number,
): Promise<{ state: NamedTensors; totals: Totals<TrainingSum> }> {
  const rate = tf.scalar(learningRateAt(epoch, task.config))
  try {
    const result = trainingStep(task, state, batch, rate)
    const [total, deviation, distillation, correct] = await result.metrics.data()
    result.metrics.dispose()
    const sums = { total: total!, deviation: deviation!, distillation: distillation!, correct: correct! }
    return { state: result.state, totals: { ...sums, images: batch.labels.size } }
  } finally {
    tf.dispose([rate, { ...batch }])
  }
}

function describeEpoch(
  { config, teacher }: TrainingTask,
  { epoch, step: steps, totals }: StagePoint<TrainingSum>,
  validation: { loss: number; accuracy: number } | null,
): TrainEpoch {
  return {
    stage: 'train',
    epoch,
    epochs: config.epochs,
    steps,
    trainLoss: totals.total / steps,
    deviationLoss: totals.deviation / steps,
    distillationLoss: teacher === null ? null : totals.distillation / steps,
    trainAccuracy: totals.correct / totals.images,
    validationLoss: validation?.loss ?? null,
    validationAccuracy: validation?.accuracy ?? null,
    learningRate: learningRateAt(epoch - 1, config),
    seconds: totals.seconds,
  }
}
