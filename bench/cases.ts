import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ClipArchitecture } from '#shared/schemas/model'
import type { PromptConfiguration } from '#shared/schemas/prompt'
import { RunConfig, type SearchConfig } from '#shared/schemas/run'

/** What one step has to do. */
export type Work =
  | { readonly stage: 'search'; readonly mixing: SearchConfig['mixing']; readonly options: number[] }
  | { readonly stage: 'train'; readonly contextLengths: PromptConfiguration }

/** Everything a worker needs to build its model and take steps; both programs make the same numbers out of it. */
export interface Setting {
  readonly architecture: ClipArchitecture
  readonly logitScale: number
  /** token ids of the class texts, end of text included */
  readonly texts: number[][]
  /** images per pass; a search step has two passes */
  readonly batchSize: number
  readonly work: Work
  readonly optimisation: {
    readonly learningRate: number
    readonly momentum: number
    readonly weightDecay: number
    readonly alphaLearningRate: number
    readonly alphaMomentum: number
    readonly alphaWeightDecay: number
  }
}

/** One line of the benchmark. */
export interface BenchCase {
  readonly shape: ShapeName
  readonly classes: number
  readonly work: WorkName
}

/** Who takes the steps. Each runs in a process of its own, so that its memory can be told from the others'. */
export const implementations = {
  ours: { title: 'DPL Studio', program: 'engine', variant: 'eager' },
  released: { title: 'PyTorch as released', program: 'pytorch', variant: 'released' },
  careful: { title: 'careful PyTorch', program: 'pytorch', variant: 'careful' },
} as const
export type ImplementationName = keyof typeof implementations
export const implementationNames = Object.keys(implementations) as ImplementationName[]

interface Shape {
  readonly title: string
  readonly architecture: () => ClipArchitecture
  /** steps that are not timed, the one that is checked included */
  readonly warmUpSteps: number
  /** steps each program takes before it is the next one's turn */
  readonly stepsPerTurn: number
  readonly rounds: number
  /** memory of all programs at once: what the hungriest works need, and what every class adds */
  readonly gigabytes: number
  readonly gigabytesPerClass: number
}

/** Shapes of CLIP by name. Weights are always random: speed does not depend on their values. */
export const shapes = {
  starter: {
    title: 'starter CLIP',
    architecture: starterArchitecture,
    warmUpSteps: 3,
    stepsPerTurn: 4,
    rounds: 5,
    gigabytes: 3,
    gigabytesPerClass: 0.02,
  },
  'vit-b-32': {
    title: 'ViT-B/32',
    architecture: () => vitBase(32),
    warmUpSteps: 2,
    stepsPerTurn: 1,
    rounds: 3,
    gigabytes: 8,
    gigabytesPerClass: 0.12,
  },
  'vit-b-16': {
    title: 'ViT-B/16',
    architecture: () => vitBase(16),
    warmUpSteps: 1,
    stepsPerTurn: 1,
    rounds: 2,
    gigabytes: 16,
    gigabytesPerClass: 0.12,
  },
} as const satisfies Record<string, Shape>
export type ShapeName = keyof typeof shapes
export const shapeNames = Object.keys(shapes) as ShapeName[]

/** Context lengths as a search leaves them: short and long ones, and layers without a prompt. */
const typicalLengths = { text: [2, 0, 4, 6, 0, 4], image: [0, 2, 6, 4, 0, 6] }

interface NamedWork {
  readonly title: string
  readonly of: (depths: { text: number; image: number }) => Work
}

/** Kinds of steps by name. */
export const works = {
  'search-block': {
    title: 'search step, block mixing, options {0, 2, 4, 6}',
    of: () => ({ stage: 'search', mixing: 'block', options: [0, 2, 4, 6] }),
  },
  'search-attention': {
    title: 'search step, attention mixing, options {0..6}',
    of: () => ({ stage: 'search', mixing: 'attention', options: [0, 1, 2, 3, 4, 5, 6] }),
  },
  'train-longest': {
    title: 'training step, every context length 6',
    of: ({ text, image }) => ({
      stage: 'train',
      contextLengths: { text: new Array<number>(text).fill(6), image: new Array<number>(image).fill(6) },
    }),
  },
  'train-typical': {
    title: 'training step, typical context lengths',
    of: ({ text, image }) => ({
      stage: 'train',
      contextLengths: {
        text: repeated(typicalLengths.text, text),
        image: repeated(typicalLengths.image, image),
      },
    }),
  },
} as const satisfies Record<string, NamedWork>
export type WorkName = keyof typeof works
export const workNames = Object.keys(works) as WorkName[]

/** What the workers of a case are told. */
export function settingOf({ shape, classes, work }: BenchCase): Setting {
  const architecture = shapes[shape].architecture()
  const { search } = RunConfig.parse({})
  return {
    architecture,
    logitScale: 30,
    texts: classTexts(classes, architecture.text.vocabularySize),
    batchSize: search.batchSize,
    work: works[work].of({ text: architecture.text.depth, image: architecture.image.depth }),
    optimisation: {
      learningRate: search.learningRate,
      momentum: search.momentum,
      weightDecay: search.weightDecay,
      alphaLearningRate: search.alphaLearningRate,
      alphaMomentum: search.alphaMomentum,
      alphaWeightDecay: search.alphaWeightDecay,
    },
  }
}

/** Roughly how much memory the programs need to take turns in a case, in bytes. */
export function memoryForAll({ shape, classes }: BenchCase): number {
  const { gigabytes, gigabytesPerClass } = shapes[shape]
  return (gigabytes + gigabytesPerClass * classes) * 1e9
}

/** Tokens of class names as breeds of pets have them: 2.1 on average, 4 at most. */
const nameLengths = [1, 2, 4, 2, 3, 1, 2]
const TEMPLATE = [320, 1125, 539, 320]
const FULL_STOP = 269

/** "a photo of a <name>." for every class: the shared beginning, a name of its own, full stop, end of text. */
function classTexts(classes: number, vocabularySize: number): number[][] {
  const [start, end] = [vocabularySize - 2, vocabularySize - 1]
  return Array.from({ length: classes }, (_, index) => {
    const name = Array.from(
      { length: nameLengths[index % nameLengths.length]! },
      (__, i) => 400 + 3 * index + i,
    )
    return [start, ...TEMPLATE, ...name, FULL_STOP, end]
  })
}

function repeated(pattern: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, i) => pattern[i % pattern.length]!)
}

function vitBase(patchSize: number): ClipArchitecture {
  return {
    image: { width: 768, depth: 12, heads: 12, patchSize, imageSize: 224 },
    text: { width: 512, depth: 12, heads: 8, textPositions: 77, vocabularySize: 49408 },
    embeddingSize: 512,
    activation: 'quick_gelu',
    layerNormEpsilon: 1e-5,
  }
}

const Tower = z.object({
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
})
const StarterConfig = z.object({
  projection_dim: z.number(),
  text_config: Tower.extend({ max_position_embeddings: z.number(), vocab_size: z.number() }),
  vision_config: Tower.extend({ patch_size: z.number(), image_size: z.number() }),
})

/** The shape of the starter model that ships, or the one it was planned with. */
function starterArchitecture(): ClipArchitecture {
  const path = join(import.meta.dirname, '..', 'resources', 'starter-clip', 'config.json')
  if (!existsSync(path)) return plannedStarter
  const config = StarterConfig.parse(JSON.parse(readFileSync(path, 'utf8')))
  const { text_config: text, vision_config: image } = config
  return {
    image: {
      width: image.hidden_size,
      depth: image.num_hidden_layers,
      heads: image.num_attention_heads,
      patchSize: image.patch_size,
      imageSize: image.image_size,
    },
    text: {
      width: text.hidden_size,
      depth: text.num_hidden_layers,
      heads: text.num_attention_heads,
      textPositions: text.max_position_embeddings,
      vocabularySize: text.vocab_size,
    },
    embeddingSize: config.projection_dim,
    activation: 'quick_gelu',
    layerNormEpsilon: 1e-5,
  }
}

const plannedStarter: ClipArchitecture = {
  image: { width: 192, depth: 6, heads: 3, patchSize: 8, imageSize: 64 },
  text: { width: 192, depth: 6, heads: 3, textPositions: 32, vocabularySize: 4096 },
  embeddingSize: 256,
  activation: 'quick_gelu',
  layerNormEpsilon: 1e-5,
}
