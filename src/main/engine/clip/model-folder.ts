import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AppError } from '#shared/errors'
import type { ClipArchitecture, ClipSource, ImagePreprocessing } from '#shared/schemas/model'
import { openFile } from '../tensor/positioned-read.ts'
import { openSafetensors, type TensorFile } from '../tensor/safetensors.ts'
import { describeHuggingFace, inferArchitecture, type Unshaped } from './architecture.ts'
import { isShardIndex, openShards, shardFiles } from './shards.ts'
import { readJsonFile } from './config-file.ts'
import { clipPreprocessing, readOpenClipConfig, readPreprocessing, readTokenizer } from './side-files.ts'
import {
  checkTensors,
  detectNaming,
  huggingFaceNaming,
  openAiNaming,
  type TensorNaming,
} from './tensor-naming.ts'
import type { Tokenizer } from './tokenizer.ts'
import { isZip, openTorchArchive } from './torch-archive.ts'
import { readClipWeights, type ClipWeights, type LoadProgress } from './weights.ts'

/** A CLIP in memory with everything needed to feed it. */
export interface LoadedClip {
  readonly weights: ClipWeights
  readonly tokenizer: Tokenizer
  readonly preprocessing: ImagePreprocessing
  readonly source: ClipSource
  /** sentences for the user: what no file said and was therefore assumed */
  readonly assumptions: readonly string[]
}

/** What is known of a CLIP without reading its weights. */
export interface InspectedClip {
  readonly architecture: ClipArchitecture
  readonly preprocessing: ImagePreprocessing
  readonly source: ClipSource
  readonly digest: string
  /** paths of the weight files */
  readonly files: readonly string[]
  readonly sizeBytes: number
  readonly assumptions: readonly string[]
}

/**
 * Loads a CLIP from a folder of Hugging Face transformers or open_clip, or from a weight file (safetensors, or
 * OpenAI's `.pt`). Errors say which file, what was expected and what was found.
 */
export async function loadClip(path: string, onProgress?: LoadProgress): Promise<LoadedClip> {
  const files = weightFiles(path)
  const model = await openModel(files)
  try {
    const digest = await digestOf(files.all)
    const { architecture } = model
    const weights = await readClipWeights(model.file, model.naming, {
      architecture,
      digest,
      ...(onProgress !== undefined && { onProgress }),
    })
    return { weights, ...pick(model) }
  } finally {
    await model.file.close()
  }
}

/** Checks a CLIP as far as its headers go, tokenizer and preprocessing included, and hashes its weights. */
export async function inspectClip(path: string): Promise<InspectedClip> {
  const files = weightFiles(path)
  const model = await openModel(files)
  try {
    checkTensors(model.file, model.naming, model.architecture)
    const { architecture, preprocessing, source, assumptions } = model
    const sizeBytes = files.all.reduce((sum, file) => sum + statSync(file).size, 0)
    return {
      architecture,
      preprocessing,
      source,
      assumptions,
      files: files.all,
      sizeBytes,
      digest: await digestOf(files.all),
    }
  } finally {
    await model.file.close()
  }
}

interface WeightFiles {
  /** the file to open: weights, or the index of several */
  readonly main: string
  readonly folder: string
  /** the files with weights */
  readonly all: readonly string[]
}

interface OpenModel {
  readonly file: TensorFile
  readonly naming: TensorNaming
  readonly architecture: ClipArchitecture
  readonly tokenizer: Tokenizer
  readonly preprocessing: ImagePreprocessing
  readonly source: ClipSource
  readonly assumptions: readonly string[]
}

function pick({ tokenizer, preprocessing, source, assumptions }: OpenModel) {
  return { tokenizer, preprocessing, source, assumptions }
}

/** In the order of preference. */
const customaryNames = [
  'model.safetensors',
  'model.safetensors.index.json',
  'open_clip_model.safetensors',
  'pytorch_model.bin',
  'open_clip_pytorch_model.bin',
]

function weightFiles(path: string): WeightFiles {
  if (!existsSync(path)) throw new AppError('not-found', `There is no model at ${path}.`)
  const main = statSync(path).isDirectory() ? weightFileIn(path) : path
  const folder = dirname(main)
  return { main, folder, all: isShardIndex(main) ? shardFiles(main, readJsonFile(main)) : [main] }
}

function weightFileIn(folder: string): string {
  const names = readdirSync(folder)
  const customary = customaryNames.find((name) => names.includes(name))
  if (customary !== undefined) return join(folder, customary)
  const candidates = names.filter((name) => /\.(safetensors|pt)$/.test(name))
  if (candidates.length === 1) return join(folder, candidates[0]!)
  const found = candidates.length === 0 ? 'none' : candidates.join(', ')
  throw new AppError(
    'bad-file',
    `${folder} holds no CLIP: model.safetensors expected, weight files found: ${found}.`,
    {
      hint: 'Choose the folder with config.json and model.safetensors, or a weight file itself.',
    },
  )
}

async function openModel(files: WeightFiles): Promise<OpenModel> {
  const file = await openWeights(files)
  try {
    const naming = detectNaming(file)
    return naming === huggingFaceNaming
      ? describeFolder(file, files.folder)
      : describeOpenAi(file, files.folder)
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}

async function openWeights({ main, all }: WeightFiles): Promise<TensorFile> {
  if (isShardIndex(main)) return openShards(main, all)
  const start = await firstBytes(main, 2)
  if (isZip(start)) return openTorchArchive(main)
  if (main.endsWith('.safetensors')) return openSafetensors(main)
  if (start[0] === PICKLE) throw legacyArchive(main)
  throw new AppError('bad-file', `${main} is neither a safetensors file nor a PyTorch archive.`, {
    hint: 'Choose model.safetensors, or a .pt file of OpenAI CLIP.',
  })
}

/** What files of PyTorch before 1.6 begin with. */
const PICKLE = 0x80

function legacyArchive(path: string): AppError {
  return new AppError(
    'bad-file',
    `${path} is in the format of PyTorch older than 1.6, which cannot be read safely.`,
    {
      hint: 'Convert it to safetensors, or load and save it once with a current PyTorch.',
    },
  )
}

async function firstBytes(path: string, length: number): Promise<Uint8Array> {
  const file = await openFile(path)
  try {
    return await file.read(0, Math.min(length, file.sizeBytes))
  } finally {
    await file.close()
  }
}

function describeFolder(file: TensorFile, folder: string): OpenModel {
  const path = join(folder, 'config.json')
  const config = readJsonFile(path)
  if (config === undefined)
    throw new AppError(
      'not-found',
      `${basename(file.path)} needs the file config.json beside it, and ${folder} has none.`,
      {
        hint: 'Get config.json from where the weights are from.',
      },
    )
  const { architecture, endOfTextId } = describeHuggingFace(path, config)
  const tokenizer = readTokenizer(folder, { ...architecture.text, endOfTextId })
  const preprocessing = readPreprocessing(folder, architecture)
  return {
    file,
    naming: huggingFaceNaming,
    architecture,
    source: 'huggingface',
    tokenizer: tokenizer.content,
    preprocessing: preprocessing.content,
    assumptions: [...tokenizer.assumptions, ...preprocessing.assumptions],
  }
}

/** A file with OpenAI's names: its shapes tell nearly everything, open_clip's configuration the rest. */
function describeOpenAi(file: TensorFile, folder: string): OpenModel {
  const config = readOpenClipConfig(folder)
  const openAi =
    file.metadata['format'] === 'torchscript' || (config === undefined && /\.pt$/.test(file.path))
  const unshaped = config?.unshaped ?? unshapedDefaults(openAi ? 'quick_gelu' : 'gelu')
  const architecture = inferArchitecture(file, unshaped)
  const tokenizer = readTokenizer(folder, { ...architecture.text, endOfTextId: null })
  return {
    file,
    naming: openAiNaming,
    architecture,
    source: openAi ? 'openai' : 'open_clip',
    tokenizer: tokenizer.content,
    preprocessing: clipPreprocessing(architecture.image.imageSize, config?.preprocessing),
    assumptions: [...tokenizer.assumptions, ...(config === undefined && !openAi ? [ASSUMED_OPEN_CLIP] : [])],
  }
}

const ASSUMED_OPEN_CLIP =
  "There is no open_clip_config.json: assumed open_clip's defaults (GELU, 64 numbers per head, CLIP's preprocessing)."

function unshapedDefaults(activation: Unshaped['activation']): Unshaped {
  return { activation, layerNormEpsilon: 1e-5, textHeads: null, imageHeadWidth: 64 }
}

/** SHA-256 of a file; of several files, of their digests one behind the other. */
async function digestOf(files: readonly string[]): Promise<string> {
  const digests = []
  for (const file of files) digests.push(await sha256(file))
  if (digests.length === 1) return digests[0]!
  return createHash('sha256').update(digests.join('\n')).digest('hex')
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
