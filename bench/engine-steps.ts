import { RunConfig } from '#shared/schemas/run'
import * as tf from '#main/engine/tensor/tf'
import { uploadClip, type Clip } from '#main/engine/clip/clip'
import { advanceText, embedText, layOutTexts, type TextTokens } from '#main/engine/clip/text-branch'
import type { Batch } from '#main/engine/methods/batch'
import { lowestPromptedLayer } from '#main/engine/prompts/subprompt'
import { searchStep } from '#main/engine/search/search-step'
import { disposeAll, type NamedTensors } from '#main/engine/tensor/memory'
import { trainingStep } from '#main/engine/train/training-step'
import type { Setting, Work } from './cases.ts'
import { seededClip, seededNumbers } from './seeded-numbers.ts'

/** A model with its state, one step after the other. Nothing is ever released: the process ends with the case. */
export interface StepTaker {
  /** One step as the stages take it. Gives its losses. */
  take(): Promise<number[]>
  /** What the optimizers remember, by name of the parameter. */
  velocities(): Record<string, Float32Array>
}

type Step = (state: NamedTensors) => { metrics: tf.Tensor1D; state: NamedTensors }
type SearchWork = Extract<Work, { stage: 'search' }>
type TrainWork = Extract<Work, { stage: 'train' }>

/** Puts a seeded CLIP on the device and prepares the steps of a setting. */
export function createSteps(setting: Setting): StepTaker {
  const clip = uploadClip(seededClip(setting.architecture, setting.logitScale))
  const texts = setting.texts.map((ids) => embedText(clip.text, ids))
  const tokens = layOutTexts(clip.text, texts)
  const { work } = setting
  return work.stage === 'search'
    ? searchSteps(setting, work, clip, tokens)
    : trainSteps(setting, work, clip, tokens)
}

function searchSteps(setting: Setting, work: SearchWork, clip: Clip, tokens: TextTokens): StepTaker {
  const { options, mixing } = work
  const config = { ...RunConfig.parse({}).search, ...setting.optimisation, options, mixing }
  const task = { clip, tokens, branches: ['text', 'image'] as const, config }
  const batches = { train: seededBatch('train', setting), validation: seededBatch('validation', setting) }
  const rates = {
    prompts: tf.scalar(setting.optimisation.learningRate),
    alpha: tf.scalar(setting.optimisation.alphaLearningRate),
  }
  return stepTaker({
    state: searchState(setting, options),
    step: (state) => searchStep(task, state, batches, rates),
    losses: ([validation, , train]) => [validation!, train!],
  })
}

function trainSteps(
  setting: Setting,
  { contextLengths }: TrainWork,
  clip: Clip,
  tokens: TextTokens,
): StepTaker {
  const config = { ...RunConfig.parse({}).train, ...setting.optimisation }
  const advanced = advanceText(clip.text, tokens, lowestPromptedLayer(contextLengths.text))
  const task = { clip, tokens: advanced, contextLengths, config, teacher: null }
  const batch = seededBatch('train', setting)
  const rate = tf.scalar(setting.optimisation.learningRate)
  return stepTaker({
    state: trainState(setting, contextLengths),
    step: (state) => trainingStep(task, state, batch, rate),
    losses: ([total]) => [total!],
  })
}

function stepTaker(parts: {
  state: NamedTensors
  step: Step
  losses: (metrics: readonly number[]) => number[]
}): StepTaker {
  let { state } = parts
  return {
    async take() {
      const result = parts.step(state)
      const metrics = await result.metrics.data()
      result.metrics.dispose()
      disposeAll(state)
      ;({ state } = result)
      return parts.losses([...metrics])
    },
    velocities: () =>
      Object.fromEntries(
        Object.entries(state)
          .filter(([name]) => name.endsWith('Velocity'))
          .map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]),
      ),
  }
}

/** Alpha far from uniform, so that an error in the mixture would show in the losses. */
const ALPHA_SCALE = 0.5
const PROMPT_SCALE = 0.02

function searchState(setting: Setting, options: readonly number[]): NamedTensors {
  const state: Record<string, tf.Tensor> = {}
  const rows = options.reduce((sum, length) => sum + length, 0)
  for (const branch of ['text', 'image'] as const) {
    const { depth, width } = setting.architecture[branch]
    state[`${branch}.prompts`] = seededTensor(`${branch}.prompts`, [depth, rows, width], PROMPT_SCALE)
    state[`${branch}.promptVelocity`] = tf.zeros([depth, rows, width])
    state[`${branch}.alpha`] = seededTensor(`${branch}.alpha`, [depth, options.length], ALPHA_SCALE)
    state[`${branch}.alphaVelocity`] = tf.zeros([depth, options.length])
  }
  return state
}

function trainState(setting: Setting, contextLengths: TrainWork['contextLengths']): NamedTensors {
  const state: Record<string, tf.Tensor> = {}
  for (const branch of ['text', 'image'] as const) {
    const rows = contextLengths[branch].reduce((sum, length) => sum + length, 0)
    const shape = [rows, setting.architecture[branch].width]
    state[`${branch}.prompts`] = seededTensor(`${branch}.prompts`, shape, PROMPT_SCALE)
    state[`${branch}.promptVelocity`] = tf.zeros(shape)
  }
  return state
}

function seededBatch(name: string, { architecture, batchSize, texts }: Setting): Batch {
  const side = architecture.image.imageSize
  const pixels = seededTensor(`pixels.${name}`, [batchSize, side, side, 3], 1) as tf.Tensor4D
  const labels = Array.from({ length: batchSize }, (_, i) => i % texts.length)
  return { pixels, labels: tf.tensor1d(labels, 'int32') }
}

function seededTensor(name: string, shape: number[], std: number): tf.Tensor {
  const length = shape.reduce((product, side) => product * side, 1)
  return tf.tensor(seededNumbers(name, length, std), shape)
}
