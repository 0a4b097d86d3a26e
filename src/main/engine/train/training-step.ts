import type { PromptConfiguration } from '#shared/schemas/prompt'
import { Branch } from '#shared/schemas/prompt'
import type { TrainConfig } from '#shared/schemas/run'
import * as tf from '../tensor/tf.ts'
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import type { Clip } from '../clip/clip.ts'
import { advanceImages, embedImages, encodeImages, type ImageTokens } from '../clip/image-branch.ts'
import { logits } from '../clip/similarity.ts'
import { encodeText, type TextTokens } from '../clip/text-branch.ts'
import { plainBlock } from '../clip/transformer.ts'
import type { Batch } from '../methods/batch.ts'
import { countCorrect, deviationLoss, distillationLoss, totalLoss } from '../optim/losses.ts'
import { sgdStep } from '../optim/optimizers.ts'
import { lowestPromptedLayer, subpromptBlock, type Subprompt } from '../prompts/subprompt.ts'

/** What stays the same during training. Borrowed by every step. */
export interface TrainingTask {
  readonly clip: Clip
  /** class texts, already through the blocks that no prompt touches */
  readonly tokens: TextTokens
  readonly contextLengths: PromptConfiguration
  readonly config: TrainConfig
  /** [C, e] class features of the frozen teacher; null without distillation */
  readonly teacher: Tensor2D | null
}

export interface TrainingStepResult {
  /** [4]: total loss, deviation loss, distillation loss (0 without), correct images */
  readonly metrics: Tensor1D
  readonly state: NamedTensors
}

/** One step of the training stage. The caller owns the result and still owns what it gave. */
export function trainingStep(
  task: TrainingTask,
  state: NamedTensors,
  batch: Batch,
  rate: Scalar,
): TrainingStepResult {
  return tf.tidy(() => {
    const { momentum, weightDecay } = task.config
    const { metrics, gradients } = lossGradients(task, state, batch)
    const next: Record<string, Tensor> = {}
    for (const [name, gradient] of Object.entries(gradients)) {
      const velocity = name.replace('.prompts', '.promptVelocity')
      const slot = { parameter: state[name]!, velocity: state[velocity]! }
      const moved = sgdStep(slot, gradient, { rate, momentum, weightDecay })
      next[name] = moved.parameter
      next[velocity] = moved.velocity
    }
    return { metrics, state: next }
  })
}

/** The prompts of one branch out of a training state. Borrowed from the state. */
export function subpromptOf(
  state: NamedTensors,
  contextLengths: PromptConfiguration,
  branch: Branch,
): Subprompt {
  const prompts = state[`${branch}.prompts`] as Tensor2D | undefined
  return { contextLengths: contextLengths[branch], prompts: prompts ?? null }
}

/** Loss of a batch with the gradients of all prompts. What no prompt touches runs outside the gradient's tape. */
function lossGradients(
  task: TrainingTask,
  state: NamedTensors,
  batch: Batch,
): { metrics: Tensor1D; gradients: NamedTensors } {
  const { clip, contextLengths } = task
  const names = Object.keys(state).filter((name) => name.endsWith('.prompts'))
  const lowest = lowestPromptedLayer(contextLengths.image)
  const images = advanceImages(clip.image, embedImages(clip.image, batch.pixels), lowest)
  const teacherScores = task.teacher === null ? null : zeroShotScores(clip, images, task.teacher)
  const forward = (...prompts: Tensor[]) => {
    const moved = Object.fromEntries(names.map((name, i) => [name, prompts[i]!]))
    const scores = subpromptScores(task, moved, images)
    return lossTerms(task.config, { student: scores, teacher: teacherScores }, batch.labels)
  }
  const { value, grads } = tf.valueAndGrads(forward)(
    names.map((name) => state[name]!),
    tf.tensor1d([1, 0, 0, 0]),
  )
  return {
    metrics: value as Tensor1D,
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
  }
}

function subpromptScores(task: TrainingTask, prompts: NamedTensors, images: ImageTokens): Tensor2D {
  const { clip, tokens, contextLengths } = task
  const classes = encodeText(clip.text, tokens, subpromptBlock(subpromptOf(prompts, contextLengths, 'text')))
  const forward = subpromptBlock(subpromptOf(prompts, contextLengths, 'image'))
  return logits({ images: encodeImages(clip.image, images, forward), classes }, clip.logitScale)
}

/** The teacher sees the same view, and shares the student's layers below the first prompt. */
function zeroShotScores(clip: Clip, images: ImageTokens, teacher: Tensor2D): Tensor2D {
  return logits({ images: encodeImages(clip.image, images, plainBlock), classes: teacher }, clip.logitScale)
}

function lossTerms(
  { distillation }: TrainConfig,
  scores: { student: Tensor2D; teacher: Tensor2D | null },
  labels: Tensor1D,
): Tensor {
  const deviation = deviationLoss(scores.student, labels)
  const correct = countCorrect(scores.student, labels)
  if (scores.teacher === null) return tf.stack([deviation, deviation, tf.scalar(0), correct])
  const divergence = distillationLoss({ student: scores.student, teacher: scores.teacher }, distillation)
  const total = totalLoss({ deviation, distillation: divergence, lambda: distillation.lambda })
  return tf.stack([total, deviation, divergence, correct])
}
