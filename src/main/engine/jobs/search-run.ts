import { AppError } from '#shared/errors'
import { selectContextLengths } from '#shared/alpha-matrix'
import type { PromptConfiguration } from '#shared/schemas/prompt'
import type { AlphaMatrices, SearchEpoch } from '#shared/schemas/run'
import { appendEpoch, readEpochs, stageSeconds } from '#main/epoch-log'
import * as tf from '../tensor/tf.ts'
import { createRandom } from '../tensor/random.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import { withOwner } from '../tensor/memory.ts'
import { writeNpy } from '../tensor/npy.ts'
import { encodeImages } from '../clip/image-branch.ts'
import { encodeText } from '../clip/text-branch.ts'
import { plainBlock } from '../clip/transformer.ts'
import { trainingBatches, validationBatch } from '../data/batch-plan.ts'
import { drawBatch } from '../methods/batch.ts'
import { layOutClasses } from '../methods/class-texts.ts'
import type { StagePoint } from '../optim/epochs.ts'
import { mixedBlock } from '../prompts/mixed-block.ts'
import { createSearchState, suppromptOf, type BranchShapes } from '../prompts/supprompt.ts'
import {
  readAlphas,
  searchStage,
  searchStart,
  type SearchBatches,
  type SearchSum,
} from '../search/search-stage.ts'
import type { SearchTask } from '../search/search-step.ts'
import { loadCheckpoint, saveCheckpoint } from '../train/checkpoint.ts'
import { Interrupted, stageControl } from './job-context.ts'
import { announce, record, scoreTestSplit, withoutPrompts, type RunUnderWay } from './run-under-way.ts'

/** The search stage of a run, from its checkpoint or from the start; leaves the context lengths in the result. */
export async function runSearch(run: RunUnderWay): Promise<void> {
  if (run.result.contextLengths !== undefined) return
  const { clip } = run.model
  const { config, dataset } = run.job
  const texts = { classNames: dataset.classNames, template: config.template }
  await withOwner(layOutClasses(run.model, texts, config.search.textInput), async (tokens) => {
    const task: SearchTask = { clip, tokens, branches: config.branches, config: config.search }
    const owner = { runId: run.job.runId, stage: 'search' } as const
    const control = stageControl(run.context, {
      stage: 'search',
      message: 'Searching context lengths',
      epochs: config.search.epochs,
      endsFor: ['pause', 'cancel', 'stop-search'],
    })
    for await (const point of searchStage(task, await startingPoint(run), batchesOf(run), control)) {
      if (point.report !== null) storeEpoch(run, point.report)
      await saveCheckpoint(run.files.checkpoint, owner, point)
      if (point.report !== null) run.context.emit('job/epoch', { id: run.context.id, report: point.report })
      if (point.report === null || point.epoch === config.search.epochs) await leave(run, task, point)
    }
  })
}

/** What is done when the loop ends: pausing and cancelling keep the checkpoint, otherwise alpha has decided. */
async function leave(run: RunUnderWay, task: SearchTask, point: StagePoint<SearchSum>): Promise<void> {
  const how = run.context.interrupt()
  if (how === 'pause' || how === 'cancel') throw new Interrupted(how)
  run.context.clearInterrupt()
  await scoreSupprompt(run, task, point.state)
  const seconds = stageSeconds(run.files.epochs, 'search')
  record(run, {
    contextLengths: chooseContextLengths(run, await readAlphas(point.state)),
    searchSeconds: seconds + point.totals.seconds,
  })
}

async function startingPoint(run: RunUnderWay): Promise<StagePoint<SearchSum>> {
  const { config, runId } = run.job
  const { text, image } = run.model.clip
  const shapes: BranchShapes = Object.fromEntries(
    config.branches.map((branch) => [branch, { text, image }[branch]]),
  )
  const fresh = searchStart(createSearchState(shapes, config.search, config.seed))
  const saved = await loadCheckpoint(run.files.checkpoint, { runId, stage: 'search' }, fresh)
  if (saved === null) return fresh
  tf.dispose({ ...fresh.state })
  return saved
}

function batchesOf({ job, split, model }: RunUnderWay): SearchBatches {
  const { search, seed } = job.config
  if (split.alpha.length === 0)
    throw new AppError(
      'invalid-input',
      `${job.dataset.name} has no validation images for alpha to learn from.`,
      {
        hint: 'Give it a share of validation images, or let alpha learn from half of the shots (search.alphaData=train-halves).',
      },
    )
  const plan = { batchSize: search.batchSize, seed, stage: 'search' }
  const stepsPerEpoch = trainingBatches(split.searchTrain.length, { ...plan, epoch: 0 }).length
  const alphaPlan = { batchSize: search.validationBatchSize, seed, order: search.validationBatches }
  return {
    stepsPerEpoch,
    async draw(epoch, step) {
      const places = trainingBatches(split.searchTrain.length, { ...plan, epoch })[step]!
      const crops = (place: number) => createRandom(seed, 'search', 'crops', epoch, places[place]!)
      const train = places.map((place) => split.searchTrain[place]!)
      const alphaStep = epoch * stepsPerEpoch + step
      const alpha = validationBatch(split.alpha.length, { ...alphaPlan, step: alphaStep }).map(
        (i) => split.alpha[i]!,
      )
      return {
        train: await drawBatch(model.images, train, search.augmentation === 'none' ? null : crops),
        validation: await drawBatch(model.images, alpha, null),
      }
    },
  }
}

/** The report as a line, and alpha of all epochs as arrays that NumPy reads. */
function storeEpoch({ files }: RunUnderWay, report: SearchEpoch): void {
  appendEpoch(files.epochs, report)
  const epochs = readEpochs(files.epochs).filter((each) => each.stage === 'search')
  for (const branch of ['text', 'image'] as const) {
    const matrices = epochs.flatMap(({ alpha }) => (alpha[branch] === null ? [] : [alpha[branch]]))
    const [first] = matrices
    if (first === undefined) continue
    const shape = [matrices.length, first.length, first[0]!.length]
    writeNpy(branch === 'text' ? files.alphaText : files.alphaImage, {
      shape,
      data: Float32Array.from(matrices.flat(2)),
    })
  }
}

/** The mixed prompts as a classifier; it is not what the run ends with. */
async function scoreSupprompt(run: RunUnderWay, task: SearchTask, state: NamedTensors): Promise<void> {
  const { clip, tokens, branches, config } = task
  const forward = (branch: 'text' | 'image') =>
    branches.includes(branch) ? mixedBlock(suppromptOf(state, branch, config)) : plainBlock
  const classFeatures = tf.tidy(() => encodeText(clip.text, tokens, forward('text')))
  try {
    const evaluation = await scoreTestSplit(run, 'supprompt', {
      clip,
      classNames: run.job.dataset.classNames,
      classFeatures,
      encode: (images) => encodeImages(clip.image, images, forward('image')),
    })
    announce(run, 'supprompt', evaluation)
  } finally {
    classFeatures.dispose()
  }
}

function chooseContextLengths(run: RunUnderWay, alpha: AlphaMatrices): PromptConfiguration {
  const { options } = run.job.config.search
  const nothing = withoutPrompts(run.model)
  return {
    text: alpha.text === null ? nothing.text : selectContextLengths(alpha.text, options),
    image: alpha.image === null ? nothing.image : selectContextLengths(alpha.image, options),
  }
}
