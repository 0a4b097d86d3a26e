import type { SearchConfig, SearchEpoch } from '#shared/schemas/run'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D } from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import type { Batch } from '../methods/batch.ts'
import { runEpochs, type StageControl, type StagePoint, type Totals } from '../optim/epochs.ts'
import { learningRateAt } from '../optim/schedule.ts'
import { searchStep, type SearchTask } from './search-step.ts'

/** The two batches of every step. The stage releases them. */
export interface SearchBatches {
  readonly stepsPerEpoch: number
  /** `step` counts within the epoch */
  draw(epoch: number, step: number): Promise<{ train: Batch; validation: Batch }>
}

export type SearchSum =
  'trainLoss' | 'trainCorrect' | 'trainImages' | 'validationLoss' | 'validationCorrect' | 'validationImages'

/** The beginning of a search. Takes ownership of the state. */
export function searchStart(state: NamedTensors): StagePoint<SearchSum> {
  const totals = {
    trainLoss: 0,
    trainCorrect: 0,
    trainImages: 0,
    validationLoss: 0,
    validationCorrect: 0,
    validationImages: 0,
    seconds: 0,
  }
  return { state, epoch: 0, step: 0, totals }
}

/**
 * The loop of Algorithm 1, lines 2 to 5. Yields before the first step (epoch 0), after every epoch, and once more
 * without a report when it is asked to stop; storing and announcing are left to whoever iterates. A yielded state is
 * borrowed until the next one is asked for. Takes ownership of `start.state`.
 */
export async function* searchStage(
  task: SearchTask,
  start: StagePoint<SearchSum>,
  batches: SearchBatches,
  control: StageControl,
): AsyncGenerator<StagePoint<SearchSum> & { report: SearchEpoch | null }> {
  if (start.epoch === 0 && start.step === 0)
    yield { ...start, report: await describeStart(task.config, start.state) }
  const loop = {
    epochs: task.config.epochs,
    stepsPerEpoch: batches.stepsPerEpoch,
    takeStep: async (state: NamedTensors, epoch: number, step: number) =>
      takeStep(task, state, await batches.draw(epoch, step), epoch),
    describe: (point: StagePoint<SearchSum>) => describeEpoch(task.config, point),
  }
  yield* runEpochs(loop, start, control)
}

/** The rates of an epoch counted from 0. */
export function searchRates(config: SearchConfig, epoch: number): { prompts: number; alpha: number } {
  const alpha = learningRateAt(epoch, {
    schedule: config.alphaSchedule,
    learningRate: config.alphaLearningRate,
    epochs: config.epochs,
    warmUpEpochs: 0,
    warmUpLearningRate: 0,
  })
  return { prompts: learningRateAt(epoch, config), alpha: epoch < config.alphaFrozenEpochs ? 0 : alpha }
}

async function takeStep(
  task: SearchTask,
  state: NamedTensors,
  drawn: { train: Batch; validation: Batch },
  epoch: number,
): Promise<{ state: NamedTensors; totals: Totals<SearchSum> }> {
  const rates = searchRates(task.config, epoch)
  const prompts = tf.scalar(rates.prompts)
  const alpha = epoch < task.config.alphaFrozenEpochs ? null : tf.scalar(rates.alpha)
  try {
    const result = searchStep(task, state, drawn, { prompts, alpha })
    const [validationLoss, validationCorrect, trainLoss, trainCorrect] = await result.metrics.data()
    result.metrics.dispose()
    const totals = {
      trainLoss: trainLoss!,
      trainCorrect: trainCorrect!,
      trainImages: drawn.train.labels.size,
      validationLoss: validationLoss!,
      validationCorrect: validationCorrect!,
      validationImages: drawn.validation.labels.size,
    }
    return { state: result.state, totals }
  } finally {
    tf.dispose([prompts, ...(alpha === null ? [] : [alpha]), { ...drawn.train }, { ...drawn.validation }])
  }
}

/** Epoch 0 has taken no step yet and shows the rates that the first one will use. */
async function describeStart(config: SearchConfig, state: NamedTensors): Promise<SearchEpoch> {
  const rates = searchRates(config, 0)
  return {
    stage: 'search',
    epoch: 0,
    epochs: config.epochs,
    steps: 0,
    trainLoss: null,
    trainAccuracy: null,
    validationLoss: null,
    validationAccuracy: null,
    learningRate: rates.prompts,
    alphaLearningRate: rates.alpha,
    alpha: await readAlphas(state),
    seconds: 0,
  }
}

async function describeEpoch(config: SearchConfig, point: StagePoint<SearchSum>): Promise<SearchEpoch> {
  const { epoch, step: steps, totals, state } = point
  const rates = searchRates(config, epoch - 1)
  return {
    stage: 'search',
    epoch,
    epochs: config.epochs,
    steps,
    trainLoss: totals.trainLoss / steps,
    trainAccuracy: totals.trainCorrect / totals.trainImages,
    validationLoss: totals.validationLoss / steps,
    validationAccuracy: totals.validationCorrect / totals.validationImages,
    learningRate: rates.prompts,
    alphaLearningRate: rates.alpha,
    alpha: await readAlphas(state),
    seconds: totals.seconds,
  }
}

/** Alpha of the searched branches as numbers. */
export async function readAlphas(state: NamedTensors): Promise<SearchEpoch['alpha']> {
  const read = async (alpha: tf.Tensor | undefined) =>
    alpha === undefined ? null : (alpha as Tensor2D).array()
  return { text: await read(state['text.alpha']), image: await read(state['image.alpha']) }
}
