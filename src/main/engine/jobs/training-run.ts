import { AppError } from '#shared/errors'
import type { PromptConfiguration } from '#shared/schemas/prompt'
import { Branch } from '#shared/schemas/prompt'
import { PROGRAM_VERSION } from '#shared/version'
import { appendEpoch, stageSeconds } from '#main/epoch-log'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D } from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import { createRandom } from '../tensor/random.ts'
import { encodeImages } from '../clip/image-branch.ts'
import { advanceText, encodeText } from '../clip/text-branch.ts'
import { trainingBatches } from '../data/batch-plan.ts'
import { evaluate, type Classifier } from '../metrics/evaluate.ts'
import { drawBatch } from '../methods/batch.ts'
import { layOutClasses, teacherFeatures } from '../methods/class-texts.ts'
import type { StagePoint } from '../optim/epochs.ts'
import { writePromptFile, type PromptDescription } from '../prompts/prompt-file.ts'
import { lowestPromptedLayer, subpromptBlock } from '../prompts/subprompt.ts'
import { loadCheckpoint, saveCheckpoint } from '../train/checkpoint.ts'
import {
  createTrainingState,
  trainingStage,
  trainingStart,
  type TrainingBatches,
  type TrainingSum,
  type Validate,
} from '../train/training-stage.ts'
import { subpromptOf, type TrainingTask } from '../train/training-step.ts'
import { Interrupted, passControl, stageControl } from './job-context.ts'
import { announce, record, scoreTestSplit, withoutPrompts, type RunUnderWay } from './run-under-way.ts'

/** The training stage of a run, from its checkpoint or from the start; leaves the prompts and their accuracy. */
export async function runTraining(run: RunUnderWay): Promise<void> {
  if (run.result.dpl !== undefined) return
  const { config } = run.job
  const contextLengths = contextLengthsOf(run)
  const task = prepareTask(run, contextLengths)
  try {
    const owner = { runId: run.job.runId, stage: 'train' } as const
    const control = stageControl(run.context, {
      stage: 'train',
      message: 'Training prompts',
      epochs: config.train.epochs,
      endsFor: ['pause', 'cancel'],
    })
    const parts = { batches: batchesOf(run), validate: validateWith(run, task) }
    const start = await startingPoint(run, contextLengths)
    // A search that found no prompt worth having leaves nothing to train: plain CLIP is the result.
    if (Object.keys(start.state).length === 0) {
      await leave(run, task, start)
      return
    }
    for await (const point of trainingStage(task, start, parts, control)) {
      if (point.report !== null) appendEpoch(run.files.epochs, point.report)
      await saveCheckpoint(run.files.checkpoint, owner, point)
      if (point.report !== null) run.context.emit('job/epoch', { id: run.context.id, report: point.report })
      if (point.report === null || point.epoch === config.train.epochs) await leave(run, task, point)
    }
  } finally {
    task.tokens.dispose()
    task.teacher?.dispose()
  }
}

/** Class features once, then every image through the prompted image branch. The caller disposes `classFeatures`. */
export function promptedClassifier(
  task: TrainingTask,
  state: NamedTensors,
  classNames: readonly string[],
): Classifier {
  const { clip, tokens, contextLengths } = task
  const forward = (branch: Branch) => subpromptBlock(subpromptOf(state, contextLengths, branch))
  return {
    clip,
    classNames,
    classFeatures: tf.tidy(() => encodeText(clip.text, tokens, forward('text'))),
    encode: (images) => encodeImages(clip.image, images, forward('image')),
  }
}

/**
 * A paused training will go on from its checkpoint, a cancelled one keeps the prompts it has. A finished one measures
 * them; its last word is the result, so that whatever is killed before is done again.
 */
async function leave(
  run: RunUnderWay,
  task: TrainingTask,
  { state }: StagePoint<TrainingSum>,
): Promise<void> {
  const how = run.context.interrupt()
  if (how === 'pause') throw new Interrupted(how)
  if (how === 'cancel') {
    await storePrompts(run, task, state)
    throw new Interrupted(how)
  }
  const classifier = promptedClassifier(task, state, run.job.dataset.classNames)
  try {
    const evaluation = await scoreTestSplit(run, 'dpl', classifier)
    await storePrompts(run, task, state, evaluation.accuracy)
    record(run, { trainSeconds: stageSeconds(run.files.epochs, 'train') })
    announce(run, 'dpl', evaluation)
  } finally {
    classifier.classFeatures.dispose()
  }
}

async function storePrompts(
  run: RunUnderWay,
  task: TrainingTask,
  state: NamedTensors,
  accuracy?: number,
): Promise<void> {
  const read = async (branch: Branch) =>
    ((await state[`${branch}.prompts`]?.data()) as Float32Array | undefined) ?? null
  const learned = {
    contextLengths: task.contextLengths,
    prompts: { text: await read('text'), image: await read('image') },
    widths: { text: task.clip.text.width, image: task.clip.image.width },
  }
  writePromptFile(run.files.prompt, learned, describePrompts(run, accuracy))
}

function describePrompts({ job, model, result }: RunUnderWay, accuracy?: number): PromptDescription {
  return {
    clipDigest: model.clip.digest,
    architecture: model.clip.architecture,
    classNames: job.dataset.classNames,
    template: job.config.template,
    textInput: job.config.train.textInput,
    method: job.config.method,
    seed: job.config.seed,
    shots: job.config.shots,
    runId: job.runId,
    datasetFingerprint: job.dataset.fingerprint,
    accuracy,
    zeroShotAccuracy: result.zeroShot?.accuracy,
    programVersion: PROGRAM_VERSION,
    createdAt: new Date().toISOString(),
  }
}

/** Fixed lengths first, else those of the search; branches without prompts get none. */
function contextLengthsOf(run: RunUnderWay): PromptConfiguration {
  const { config } = run.job
  const chosen = config.train.contextLengths ?? run.result.contextLengths
  if (chosen === undefined)
    throw new AppError('invalid-input', 'This run trains prompts but no context lengths are set.', {
      hint: 'Search first, or set train.contextLengths.',
    })
  const lengths = config.train.swapBranches ? { text: chosen.image, image: chosen.text } : chosen
  const nothing = withoutPrompts(run.model)
  for (const branch of Branch.options) checkDepth(branch, lengths[branch], nothing[branch].length)
  const learned = (branch: Branch) => (config.branches.includes(branch) ? lengths : nothing)[branch]
  const contextLengths = { text: learned('text'), image: learned('image') }
  if (run.result.contextLengths === undefined) record(run, { contextLengths })
  return contextLengths
}

function checkDepth(branch: Branch, lengths: readonly number[], depth: number): void {
  if (lengths.length === depth) return
  throw new AppError(
    'model-mismatch',
    `${lengths.length} context lengths are given for the ${branch} branch, which has ${depth} layers in this CLIP.`,
    { hint: 'Search with this CLIP, or give one context length per layer.' },
  )
}

/** Class texts through the layers that no prompt touches, and the teacher's class features: both once. */
function prepareTask(run: RunUnderWay, contextLengths: PromptConfiguration): TrainingTask {
  const { clip } = run.model
  const { train: config, template } = run.job.config
  const texts = { classNames: run.job.dataset.classNames, template }
  const tokens = layOutClasses(run.model, texts, config.textInput)
  const advanced = advanceText(clip.text, tokens, lowestPromptedLayer(contextLengths.text))
  const { enabled, lambda, teacherText } = config.distillation
  const teacher: Tensor2D | null =
    enabled && lambda > 0 ? teacherFeatures(run.model, texts, teacherText) : null
  const dispose = () => {
    advanced.dispose()
    tokens.dispose()
  }
  return { clip, tokens: { ...advanced, dispose }, contextLengths, config, teacher }
}

async function startingPoint(
  run: RunUnderWay,
  contextLengths: PromptConfiguration,
): Promise<StagePoint<TrainingSum>> {
  const { clip } = run.model
  const { seed, train } = run.job.config
  const widths = { text: clip.text.width, image: clip.image.width }
  const fresh = trainingStart(
    createTrainingState(contextLengths, widths, { promptScale: train.promptScale, seed }),
  )
  const saved = await loadCheckpoint(run.files.checkpoint, { runId: run.job.runId, stage: 'train' }, fresh)
  if (saved === null) return fresh
  tf.dispose({ ...fresh.state })
  return saved
}

function batchesOf({ job, split, model }: RunUnderWay): TrainingBatches {
  const { train, seed } = job.config
  const plan = { batchSize: train.batchSize, seed, stage: 'train' }
  return {
    stepsPerEpoch: trainingBatches(split.train.length, { ...plan, epoch: 0 }).length,
    draw(epoch, step) {
      const places = trainingBatches(split.train.length, { ...plan, epoch })[step]!
      const crops = (place: number) => createRandom(seed, 'train', 'crops', epoch, places[place]!)
      const images = places.map((place) => split.train[place]!)
      return drawBatch(model.images, images, train.augmentation === 'none' ? null : crops)
    },
  }
}

/** The validation images under the prompts so far; gives up when the job is asked to pause or cancel. */
function validateWith(run: RunUnderWay, task: TrainingTask): Validate {
  const { images, context, split } = { ...run.model, ...run }
  const control = {
    ...passControl(context, { stage: 'train', message: 'Validating' }),
    onProgress: () => undefined,
  }
  return async (state) => {
    const classifier = promptedClassifier(task, state, run.job.dataset.classNames)
    try {
      return await evaluate(classifier, images, { images: split.validation, split: 'validation' }, control)
    } catch (thrown) {
      if (thrown instanceof Interrupted) return null
      throw thrown
    } finally {
      classifier.classFeatures.dispose()
    }
  }
}
