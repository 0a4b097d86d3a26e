import { z } from 'zod'
import { Branch, PromptConfiguration } from './prompt.ts'

const count = () => z.number().int().positive()
const rate = () => z.number().nonnegative()

/** Stochastic gradient descent on prompts, with the schedule all prompt-learning methods share. */
const promptOptimisation = {
  batchSize: count().default(4).describe('images per step'),
  learningRate: rate().default(3.5e-3).describe('of the prompts, after warm-up'),
  momentum: rate().max(1).default(0.9),
  weightDecay: rate().default(5e-4),
  schedule: z.enum(['cosine', 'constant']).default('cosine'),
  warmUpEpochs: z.number().int().nonnegative().default(1),
  warmUpLearningRate: rate().default(1e-5),
  augmentation: z.enum(['crop-and-flip', 'none']).default('crop-and-flip').describe('of training images'),
  textInput: z
    .enum(['template', 'token-ensemble'])
    .default('template')
    .describe("one template, or the released code's mean of token embeddings over 60 templates"),
}

/** The search stage; defaults are the paper's, or where it is silent the released code's. */
export const SearchConfig = z.strictObject({
  epochs: count().default(60),
  ...promptOptimisation,
  options: z
    .array(z.number().int().min(0).max(64))
    .min(2)
    .refine((options) => options.every((length, i) => i === 0 || length > options[i - 1]!), {
      message: 'context lengths must rise strictly, for example [0, 2, 4, 6]',
    })
    .default([0, 2, 4, 6])
    .describe('context lengths to choose from'),
  mixing: z.enum(['block', 'attention']).default('block').describe('what the option weights mix'),
  promptInitialisation: z
    .enum(['normal', 'as-released'])
    .default('normal')
    .describe('normal(0.02), or the released text uniform(0,1) and image normal(1)'),
  validationBatchSize: count().default(4),
  validationBatches: z
    .enum(['cycle', 'first'])
    .default('cycle')
    .describe('reshuffled passes over the validation images, or always the first batch'),
  alphaData: z
    .enum(['validation', 'train-halves'])
    .default('validation')
    .describe('few-shot validation images, or half of the shots (strict label count)'),
  alphaOptimizer: z.enum(['sgd', 'adam']).default('sgd'),
  alphaLearningRate: rate().default(3.5e-3),
  alphaSchedule: z.enum(['constant', 'cosine']).default('constant'),
  alphaMomentum: rate().max(1).default(0.9).describe('of SGD'),
  alphaWeightDecay: rate().default(0),
  alphaBetas: z
    .tuple([rate().max(1), rate().max(1)])
    .default([0.5, 0.999])
    .describe('of Adam'),
  alphaFrozenEpochs: z.number().int().nonnegative().default(0).describe('epochs before alpha first moves'),
  alphaInitialScale: rate().default(1e-3).describe('standard deviation of the initial alpha'),
})
export type SearchConfig = z.infer<typeof SearchConfig>

export const DistillationConfig = z.strictObject({
  enabled: z.boolean().default(false).describe('DPL + KD instead of DPL'),
  lambda: rate().default(1),
  reduction: z.enum(['batch-mean', 'sum', 'element-mean']).default('batch-mean'),
  temperature: z.number().positive().default(1),
  teacherText: z
    .enum(['template', 'template-ensemble', 'last-template'])
    .default('template')
    .describe("the run's template, the mean feature of 60 templates, or the last of them (as released)"),
})
export type DistillationConfig = z.infer<typeof DistillationConfig>

/** The training stage; the prompts are learned from scratch for the chosen context lengths. */
export const TrainConfig = z.strictObject({
  epochs: count().default(40),
  ...promptOptimisation,
  promptScale: rate().default(0.02).describe('standard deviation of the initial prompts'),
  validateEvery: z
    .number()
    .int()
    .nonnegative()
    .default(1)
    .describe('epochs between passes over the validation images; 0 never'),
  contextLengths: PromptConfiguration.optional().describe('fixed instead of searched'),
  swapBranches: z
    .boolean()
    .default(false)
    .describe("use the text branch's result for the image branch and the other way round (as released)"),
  distillation: DistillationConfig.prefault({}),
})
export type TrainConfig = z.infer<typeof TrainConfig>

/** What one run does, complete: from the few-shot draw to the last epoch. */
export const RunConfig = z.strictObject({
  method: z.enum(['dpl']).default('dpl'),
  seed: z.number().int().nonnegative().default(1),
  shots: count().default(16).describe('training images per class'),
  validationShots: count().default(4).describe('validation images per class, at most the shots'),
  template: z
    .string()
    .refine((template) => template.includes('{}'), { message: 'the template needs {} for the class name' })
    .default('a photo of a {}.'),
  branches: z.array(Branch).min(1).default(['text', 'image']).describe('branches that get prompts'),
  search: SearchConfig.prefault({}),
  train: TrainConfig.prefault({}),
})
export type RunConfig = z.infer<typeof RunConfig>

/** What a run is asked to do. Zero-shot accuracy comes first in every one of them. */
export const RunKind = z.enum(['zero-shot', 'search', 'train', 'search-and-train'])
export type RunKind = z.infer<typeof RunKind>

export const RunStatus = z.enum(['queued', 'running', 'paused', 'cancelled', 'failed', 'finished'])
export type RunStatus = z.infer<typeof RunStatus>

export const Stage = z.enum([
  'prepare',
  'zero-shot',
  'search',
  'train',
  'evaluate',
  'export',
  'verify',
  'predict',
])
export type Stage = z.infer<typeof Stage>

const AlphaMatrix = z.array(z.array(z.number()))

/** The alpha matrices of the searched branches; a branch without prompts has none. */
export const AlphaMatrices = z.strictObject({ text: AlphaMatrix.nullable(), image: AlphaMatrix.nullable() })
export type AlphaMatrices = z.infer<typeof AlphaMatrices>

/** One epoch of the search stage. Epoch 0 is the state before the first step and has no losses. */
export const SearchEpoch = z.strictObject({
  stage: z.literal('search'),
  epoch: z.number().int().nonnegative(),
  epochs: count(),
  steps: z.number().int().nonnegative(),
  trainLoss: z.number().nullable(),
  trainAccuracy: z.number().nullable(),
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  learningRate: z.number(),
  alphaLearningRate: z.number(),
  alpha: AlphaMatrices,
  seconds: z.number(),
})
export type SearchEpoch = z.infer<typeof SearchEpoch>

/** One epoch of the training stage, counted from 1. */
export const TrainEpoch = z.strictObject({
  stage: z.literal('train'),
  epoch: count(),
  epochs: count(),
  steps: z.number().int().nonnegative(),
  trainLoss: z.number(),
  deviationLoss: z.number(),
  distillationLoss: z.number().nullable(),
  trainAccuracy: z.number(),
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  learningRate: z.number(),
  seconds: z.number(),
})
export type TrainEpoch = z.infer<typeof TrainEpoch>

export const EpochReport = z.discriminatedUnion('stage', [SearchEpoch, TrainEpoch])
export type EpochReport = z.infer<typeof EpochReport>

/** A method over one split. Accuracies and F1 are in 0..1. */
export const Evaluation = z.strictObject({
  split: z.enum(['train', 'validation', 'test']),
  images: z.number().int().nonnegative(),
  accuracy: z.number(),
  macroF1: z.number(),
  loss: z.number(),
  classes: z.array(
    z.strictObject({
      name: z.string(),
      images: z.number().int(),
      accuracy: z.number().nullable(),
      f1: z.number().nullable(),
    }),
  ),
  confusion: z.array(z.array(z.number().int())).describe('[true class][predicted class]'),
  seconds: z.number(),
})
export type Evaluation = z.infer<typeof Evaluation>

/** What was evaluated: plain CLIP, the mixed supprompt after the search, or the trained prompts. */
export const EvaluatedMethod = z.enum(['zero-shot', 'supprompt', 'dpl'])
export type EvaluatedMethod = z.infer<typeof EvaluatedMethod>

/** What a run came to. Parts appear as the stages finish. */
export const RunResult = z.strictObject({
  zeroShot: Evaluation.optional(),
  supprompt: Evaluation.optional(),
  dpl: Evaluation.optional(),
  contextLengths: PromptConfiguration.optional(),
  searchSeconds: z.number().optional(),
  trainSeconds: z.number().optional(),
})
export type RunResult = z.infer<typeof RunResult>
