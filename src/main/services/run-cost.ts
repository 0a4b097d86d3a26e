import type { ClipArchitecture } from '#shared/schemas/model'
import type { Branch } from '#shared/schemas/prompt'
import type { RunConfig, RunKind } from '#shared/schemas/run'

/** What the arithmetic of a run depends on. */
export interface RunSize {
  readonly kind: RunKind
  readonly config: RunConfig
  readonly architecture: ClipArchitecture
  readonly classes: number
  readonly testImages: number
}

/** What computes: floating-point operations a second, and seconds to call one operation of TensorFlow. */
export interface Processor {
  readonly flops: number
  readonly secondsPerOperation: number
}

/** Seconds of the parts of a run; 0 for what it does not do. */
export interface RunSeconds {
  readonly search: number
  readonly train: number
  readonly scoring: number
}

/** Tokens that all class texts begin with, and those of a class behind them; the lengths of usual texts. */
const PREFIX_TOKENS = 5
const CLASS_TOKENS = 7
/** Decoding and resizing a picture, a photo of a few hundred kilobytes. */
const SECONDS_PER_PICTURE = 0.004

/** What a stage does in each layer of a branch. */
type Work = { readonly what: 'plain' | 'train' | 'attention' | 'block'; readonly options: readonly number[] }

/**
 * The time of a run out of its arithmetic. The operations of a layer, 350 + 88 per option in a search step and 226 in
 * a training step, are those that `npm run bench` counts.
 */
export function modelSeconds(size: RunSize, processor: Processor): RunSeconds {
  const { config } = size
  const [search, train] = [searchSteps(size), trainSteps(size)]
  const validations = config.train.validateEvery === 0 ? 0 : config.train.epochs / config.train.validateEvery
  const validationImages = Math.min(config.validationShots, config.shots) * size.classes
  const trained = train * trainStepSeconds(size, processor)
  return {
    search: search * searchStepSeconds(size, processor),
    train: train === 0 ? 0 : trained + validations * validationImages * pictureSeconds(size, processor),
    scoring: size.testImages * methodsScored(size) * pictureSeconds(size, processor),
  }
}

/** Steps of the search stage; 0 without one. */
export function searchSteps({ kind, config, classes }: RunSize): number {
  if (kind !== 'search' && kind !== 'search-and-train') return 0
  const { alphaData, batchSize, epochs } = config.search
  const shots = alphaData === 'train-halves' ? Math.ceil(config.shots / 2) : config.shots
  return epochs * batches(shots * classes, batchSize)
}

/** Steps of the training stage; 0 without one. */
export function trainSteps({ kind, config, classes }: RunSize): number {
  if (kind !== 'train' && kind !== 'search-and-train') return 0
  return config.train.epochs * batches(config.shots * classes, config.train.batchSize)
}

/** Seconds of one search step: a pass for alpha and one for the prompts, each forward and backward. */
export function searchStepSeconds(size: RunSize, processor: Processor): number {
  const { config, architecture } = size
  const { batchSize, validationBatchSize, options } = config.search
  const work = searchWork(config)
  const operations = layersOf(size) * (350 + 88 * options.length)
  const flops = stepFlops(size, work, batchSize) + stepFlops(size, work, validationBatchSize)
  return seconds(processor, flops, operations) + pictures(architecture, batchSize + validationBatchSize)
}

/** Seconds of one training step. */
export function trainStepSeconds(size: RunSize, processor: Processor): number {
  const { config, architecture } = size
  const { batchSize, distillation } = config.train
  const teacher = distillation.enabled ? batchSize * imageFlops(architecture) : 0
  const flops = stepFlops(size, trainWork(config), batchSize) + teacher
  return seconds(processor, flops, layersOf(size) * 226) + pictures(architecture, batchSize)
}

/** Seconds to score one picture. */
export function pictureSeconds({ architecture }: RunSize, processor: Processor): number {
  return imageFlops(architecture) / processor.flops + pictures(architecture, 1)
}

/**
 * Memory at the peak of a run, in bytes: the program, the weights twice (as read and as folded), and what the backward
 * pass keeps of a layer, counted in maps of its input's size. 60 maps in a training step, and in a search step 60 + 7
 * (attention mixing) or 60 + 29 (block mixing) per option were fitted to the peaks that `npm run bench` measured:
 * starter CLIP 0.65, 0.88 and 0.95 GB, ViT-B/16 3.43, 5.05 and 6.88 GB.
 */
export function modelMemory(size: RunSize): number {
  const { kind, config } = size
  const { search, train } = config
  const peaks = [activations(size, { what: 'plain', options: [] }, 16) / 12]
  if (kind === 'search' || kind === 'search-and-train')
    peaks.push(activations(size, searchWork(config), Math.max(search.batchSize, search.validationBatchSize)))
  if (kind === 'train' || kind === 'search-and-train')
    peaks.push(activations(size, trainWork(config), train.batchSize))
  return Math.round(500e6 + 2 * 4 * parameters(size.architecture) + Math.max(...peaks))
}

/** Bytes that a run leaves on disk: checkpoint with momenta, prompts, epochs, alpha, lists of images, answers. */
export function modelDisk(size: RunSize, images: number): number {
  const { config, architecture, testImages } = size
  const rows = config.search.options.reduce((sum, length) => sum + length, 0)
  const prompts = config.branches.reduce(
    (sum, branch) => sum + rows * architecture[branch].depth * architecture[branch].width * 4,
    0,
  )
  const alpha = layersOf(size) * config.search.options.length * config.search.epochs * 26
  const answers = testImages * methodsScored(size) * 150
  return Math.round(3 * prompts + alpha + 1_000 * config.train.epochs + answers + images * 160 + 100_000)
}

function searchWork({ search }: RunConfig): Work {
  return { what: search.mixing, options: search.options }
}

/** Of a search that is still to come the longest option everywhere, which is the most it can cost. */
function trainWork({ train, search }: RunConfig): Work {
  const chosen = train.contextLengths
  const all = chosen === undefined ? [Math.max(...search.options)] : [...chosen.text, ...chosen.image]
  return { what: 'train', options: [all.reduce((sum, length) => sum + length, 0) / all.length] }
}

function methodsScored({ kind }: RunSize): number {
  return { 'zero-shot': 1, search: 2, train: 2, 'search-and-train': 3 }[kind]
}

function batches(images: number, batchSize: number): number {
  return images <= batchSize ? 1 : Math.floor(images / batchSize)
}

function seconds({ flops, secondsPerOperation }: Processor, work: number, operations: number): number {
  return work / flops + operations * secondsPerOperation
}

/** Small models come with small pictures. */
function pictures({ image }: ClipArchitecture, count: number): number {
  return count * SECONDS_PER_PICTURE * Math.min(1, image.imageSize / 224)
}

function layersOf({ config, architecture }: RunSize): number {
  return config.branches.reduce((sum, branch) => sum + architecture[branch].depth, 0)
}

/** Forward and backward of both branches; a branch without prompts is only passed forward. */
function stepFlops(size: RunSize, work: Work, batch: number): number {
  const { architecture, config, classes } = size
  const image = imageTokens(architecture)
  const text = { queries: classes * CLASS_TOKENS, keys: PREFIX_TOKENS + CLASS_TOKENS }
  const ofBranch = (branch: Branch) => (config.branches.includes(branch) ? work : null)
  return (
    batch * branchFlops(architecture.image, { queries: image, keys: image }, ofBranch('image')) +
    // Texts without prompts are the same in every step and computed once.
    (ofBranch('text') === null ? 0 : branchFlops(architecture.text, text, work))
  )
}

function imageFlops(architecture: ClipArchitecture): number {
  const tokens = imageTokens(architecture)
  return branchFlops(architecture.image, { queries: tokens, keys: tokens }, null)
}

/** Saved forms of the mixings: projections and scores of the tokens are shared by all options. */
function branchFlops(
  { depth, width: d }: { depth: number; width: number },
  { queries: n, keys }: { queries: number; keys: number },
  work: Work | null,
): number {
  if (work === null) return 2 * depth * (12 * n * d ** 2 + 2 * n * keys * d)
  const rows = work.options.reduce((sum, length) => sum + length, 0)
  const mixed = work.what === 'block' ? 3 + 9 * work.options.length : 12
  const linear = mixed * n * d ** 2 + 2 * rows * d ** 2
  const core = 2 * n * keys * d + 2 * rows * n * d
  // The backward pass gives no gradients of weights: linear terms once more, attention twice more.
  return 2 * depth * (2 * linear + 3 * core)
}

function activations({ architecture, config, classes }: RunSize, work: Work, batch: number): number {
  const options = work.options.length
  const maps = 60 + (work.what === 'block' ? 29 * options : work.what === 'attention' ? 7 * options : 0)
  const rows = { image: batch * imageTokens(architecture), text: PREFIX_TOKENS + classes * CLASS_TOKENS }
  return config.branches.reduce(
    (sum, branch) => sum + 4 * rows[branch] * architecture[branch].width * architecture[branch].depth * maps,
    0,
  )
}

function imageTokens({ image }: ClipArchitecture): number {
  return (image.imageSize / image.patchSize) ** 2 + 1
}

function parameters({ image, text, embeddingSize }: ClipArchitecture): number {
  const blocks = (branch: { depth: number; width: number }) => branch.depth * 12 * branch.width ** 2
  const patches = 3 * image.patchSize ** 2 * image.width
  const words = (text.vocabularySize + text.textPositions) * text.width
  return blocks(image) + blocks(text) + patches + words + embeddingSize * (image.width + text.width)
}
