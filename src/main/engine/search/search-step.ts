import type { Branch } from '#shared/schemas/prompt'
import type { SearchConfig } from '#shared/schemas/run'
import * as tf from '../tensor/tf.ts'
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import type { Clip } from '../clip/clip.ts'
import { embedImages, encodeImages, type ImageTokens } from '../clip/image-branch.ts'
import { logits } from '../clip/similarity.ts'
import { encodeText, type TextTokens } from '../clip/text-branch.ts'
import { plainBlock, type BlockForward } from '../clip/transformer.ts'
import type { Batch } from '../methods/batch.ts'
import { countCorrect, deviationLoss } from '../optim/losses.ts'
import { adamStep, sgdStep } from '../optim/optimizers.ts'
import { mixedBlock } from '../prompts/mixed-block.ts'
import { suppromptOf } from '../prompts/supprompt.ts'

/** What stays the same during a search. Borrowed by every step. */
export interface SearchTask {
  readonly clip: Clip
  readonly tokens: TextTokens
  /** branches that are searched; the other one stays plain CLIP */
  readonly branches: readonly Branch[]
  readonly config: SearchConfig
}

/** Learning rates of one step, as tensors: they vary. `alpha: null` leaves alpha alone. */
export interface SearchRates {
  readonly prompts: Scalar
  readonly alpha: Scalar | null
}

export interface SearchStepResult {
  /** [4]: validation loss, correct validation images, training loss, correct training images */
  readonly metrics: Tensor1D
  readonly state: NamedTensors
}

/**
 * Lines 3 and 4 of Algorithm 1, the first-order solution of Eqs. 8 and 9: alpha follows the validation loss with
 * the prompts fixed, then the prompts follow the training loss with the new alpha. Nothing is changed in place:
 * the caller owns the result and still owns what it gave.
 */
export function searchStep(
  task: SearchTask,
  state: NamedTensors,
  batches: { train: Batch; validation: Batch },
  rates: SearchRates,
): SearchStepResult {
  return tf.tidy(() => {
    const alpha = descendAlpha(task, state, batches.validation, rates.alpha)
    const prompts = descendPrompts(task, alpha.state, batches.train, rates.prompts)
    return { metrics: tf.concat([alpha.metrics, prompts.metrics]), state: copyKept(prompts.state, state) }
  })
}

/** Images and class texts scored under the mixed prompts of a search state.  -> [B, C] */
export function suppromptScores(task: SearchTask, state: NamedTensors, images: ImageTokens): Tensor2D {
  const forward = (branch: Branch): BlockForward =>
    task.branches.includes(branch) ? mixedBlock(suppromptOf(state, branch, task.config)) : plainBlock
  const classes = encodeText(task.clip.text, task.tokens, forward('text'))
  return logits(
    { images: encodeImages(task.clip.image, images, forward('image')), classes },
    task.clip.logitScale,
  )
}

function descendAlpha(
  task: SearchTask,
  state: NamedTensors,
  batch: Batch,
  rate: Scalar | null,
): SearchStepResult {
  const { config } = task
  const { metrics, gradients } = lossGradients(task, state, batch, 'alpha')
  if (rate === null) return { metrics, state }
  const next: Record<string, Tensor> = { ...state }
  for (const branch of task.branches) {
    const gradient = gradients[`${branch}.alpha`]!
    const parameter = state[`${branch}.alpha`]!
    if (config.alphaOptimizer === 'sgd') {
      const slot = { parameter, velocity: state[`${branch}.alphaVelocity`]! }
      const settings = { rate, momentum: config.alphaMomentum, weightDecay: config.alphaWeightDecay }
      const moved = sgdStep(slot, gradient, settings)
      next[`${branch}.alpha`] = moved.parameter
      next[`${branch}.alphaVelocity`] = moved.velocity
    } else {
      const slot = {
        parameter,
        first: state[`${branch}.alphaFirst`]!,
        second: state[`${branch}.alphaSecond`]!,
        step: state[`${branch}.alphaStep`]!,
      }
      const settings = { rate, betas: config.alphaBetas, weightDecay: config.alphaWeightDecay }
      const moved = adamStep(slot, gradient, settings)
      next[`${branch}.alpha`] = moved.parameter
      next[`${branch}.alphaFirst`] = moved.first
      next[`${branch}.alphaSecond`] = moved.second
      next[`${branch}.alphaStep`] = moved.step
    }
  }
  return { metrics, state: next }
}

function descendPrompts(task: SearchTask, state: NamedTensors, batch: Batch, rate: Scalar): SearchStepResult {
  const { momentum, weightDecay } = task.config
  const { metrics, gradients } = lossGradients(task, state, batch, 'prompts')
  const next: Record<string, Tensor> = { ...state }
  for (const branch of task.branches) {
    const slot = { parameter: state[`${branch}.prompts`]!, velocity: state[`${branch}.promptVelocity`]! }
    const moved = sgdStep(slot, gradients[`${branch}.prompts`]!, { rate, momentum, weightDecay })
    next[`${branch}.prompts`] = moved.parameter
    next[`${branch}.promptVelocity`] = moved.velocity
  }
  return { metrics, state: next }
}

/** Loss and correct images of a batch with the gradients of either alpha or the prompts, never of both. */
function lossGradients(
  task: SearchTask,
  state: NamedTensors,
  batch: Batch,
  what: 'alpha' | 'prompts',
): { metrics: Tensor1D; gradients: NamedTensors } {
  const names = task.branches.map((branch) => `${branch}.${what}`)
  const images = embedImages(task.clip.image, batch.pixels)
  const forward = (...parameters: Tensor[]) => {
    const moved = Object.fromEntries(names.map((name, i) => [name, parameters[i]!]))
    const scores = suppromptScores(task, { ...state, ...moved }, images)
    return tf.stack([deviationLoss(scores, batch.labels), countCorrect(scores, batch.labels)])
  }
  const { value, grads } = tf.valueAndGrads(forward)(
    names.map((name) => state[name]!),
    tf.tensor1d([1, 0]),
  )
  return {
    metrics: value as Tensor1D,
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
  }
}

/** Tensors that a step passed on unchanged are copied, so that old and new state can be released separately. */
function copyKept(next: NamedTensors, before: NamedTensors): NamedTensors {
  return Object.fromEntries(
    Object.entries(next).map(([name, tensor]) => [name, tensor === before[name] ? tf.clone(tensor) : tensor]),
  )
}
