import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { Branch, PromptConfiguration } from '#shared/schemas/prompt'
import { RunConfig } from '#shared/schemas/run'
import { uploadClip, type Clip } from '#main/engine/clip/clip'
import { embedImages, encodeImages } from '#main/engine/clip/image-branch'
import { loadClip } from '#main/engine/clip/model-folder'
import { encodeText } from '#main/engine/clip/text-branch'
import type { Tokenizer } from '#main/engine/clip/tokenizer'
import { plainBlock } from '#main/engine/clip/transformer'
import { createImageSource, type ImageSource } from '#main/engine/data/image-source'
import { writeExport } from '#main/engine/export/export-folder'
import { promptClassifier, readClassTexts } from '#main/engine/metrics/prompt-classifier'
import { collectAnswers } from '#main/engine/export/verification'
import { uploadViews, type Batch } from '#main/engine/methods/batch'
import { layOutClasses, teacherFeatures } from '#main/engine/methods/class-texts'
import { searchStep } from '#main/engine/search/search-step'
import type { NamedTensors } from '#main/engine/tensor/memory'
import {
  readSafetensors,
  writeSafetensors,
  type NamedTensor as StoredTensor,
} from '#main/engine/tensor/safetensors'
import * as tf from '#main/engine/tensor/tf'
import type { Tensor, Tensor1D, Tensor4D } from '#main/engine/tensor/tf'
import { trainingStep } from '#main/engine/train/training-step'
import { exampleParts } from '../support/export-example.ts'
import '../support/tensorflow.ts'

/**
 * The engine at the hands of the Python tests: `node engine.ts <folder>` reads `request.json` and `input.safetensors`
 * of the folder and writes `output.safetensors` and `output.json` there.
 */
const Texts = { classNames: z.array(z.string()), template: z.string() }
const Request = z.discriminatedUnion('command', [
  z.object({
    command: z.literal('features'),
    clip: z.string(),
    texts: z.array(z.string()),
    images: z.array(z.string()),
  }),
  z.object({
    command: z.literal('search-step'),
    clip: z.string(),
    ...Texts,
    branches: z.array(Branch),
    config: z.record(z.string(), z.unknown()),
    rates: z.object({ prompts: z.number(), alpha: z.number() }),
  }),
  z.object({
    command: z.literal('training-step'),
    clip: z.string(),
    ...Texts,
    contextLengths: PromptConfiguration,
    config: z.record(z.string(), z.unknown()),
    rate: z.number(),
  }),
  z.object({
    command: z.literal('export'),
    clip: z.string(),
    ...Texts,
    textInput: z.enum(['template', 'token-ensemble']),
    contextLengths: PromptConfiguration,
    images: z.array(z.string()),
    target: z.string(),
    loader: z.string(),
  }),
])
type Request = z.infer<typeof Request>
type Of<Command extends Request['command']> = Extract<Request, { command: Command }>

interface Model {
  readonly clip: Clip
  readonly tokenizer: Tokenizer
  readonly images: ImageSource
}

interface Output {
  readonly tensors: NamedTensors
  readonly json: unknown
}

async function main(folder: string): Promise<void> {
  const request = Request.parse(JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8')))
  const { tensors: input } = await readSafetensors(join(folder, 'input.safetensors'))
  const { weights, tokenizer, preprocessing } = await loadClip(request.clip)
  const model = { clip: uploadClip(weights), tokenizer, images: createImageSource(preprocessing) }
  const output = await answer(model, request, input)
  const stored = Object.entries(output.tensors).map(([name, tensor]): [string, StoredTensor] => [
    name,
    { shape: tensor.shape, data: tensor.dataSync<'float32'>() },
  ])
  writeSafetensors(join(folder, 'output.safetensors'), Object.fromEntries(stored))
  writeFileSync(join(folder, 'output.json'), JSON.stringify(output.json))
}

function answer(
  model: Model,
  request: Request,
  input: ReadonlyMap<string, StoredTensor>,
): Promise<Output> | Output {
  if (request.command === 'features') return features(model, request, input)
  if (request.command === 'search-step') return oneSearchStep(model, request, input)
  if (request.command === 'export') return exportPrompts(model, request, input)
  return oneTrainingStep(model, request, input)
}

/** Features of texts, of given pixels and of picture files, and what became of the files on the way. */
async function features(
  { clip, tokenizer, images }: Model,
  request: Of<'features'>,
  input: ReadonlyMap<string, StoredTensor>,
): Promise<Output> {
  const texts = { classNames: request.texts, template: '{}', textInput: 'template' } as const
  const views = await Promise.all(request.images.map((path) => images.evaluationView(path)))
  const viewed = uploadViews(views, images)
  const encode = (pixels: Tensor4D) =>
    tf.tidy(() => encodeImages(clip.image, embedImages(clip.image, pixels), plainBlock))
  return {
    tensors: {
      text_features: encodeText(clip.text, layOutClasses({ clip, tokenizer }, texts, 'template'), plainBlock),
      pixel_features: encode(upload(input, 'pixels') as Tensor4D),
      image_features: encode(viewed),
      image_pixels: viewed,
    },
    json: { ids: readClassTexts({ tokenizer }, texts), logitScale: clip.logitScale },
  }
}

function oneSearchStep(
  { clip, tokenizer }: Model,
  request: Of<'search-step'>,
  input: ReadonlyMap<string, StoredTensor>,
): Output {
  const { search: config } = RunConfig.parse({ search: request.config })
  const tokens = layOutClasses({ clip, tokenizer }, request, config.textInput)
  const rates = { prompts: tf.scalar(request.rates.prompts), alpha: tf.scalar(request.rates.alpha) }
  const batches = { train: batchOf(input, 'train'), validation: batchOf(input, 'validation') }
  const task = { clip, tokens, branches: request.branches, config }
  const { metrics, state } = searchStep(task, stateOf(input), batches, rates)
  const classTexts = readClassTexts({ tokenizer }, { ...request, textInput: config.textInput })
  return { tensors: { ...state, metrics }, json: { classTexts, config } }
}

function oneTrainingStep(
  { clip, tokenizer }: Model,
  request: Of<'training-step'>,
  input: ReadonlyMap<string, StoredTensor>,
): Output {
  const { contextLengths } = request
  const { train: config } = RunConfig.parse({ train: request.config })
  const { enabled, teacherText } = config.distillation
  const task = {
    clip,
    tokens: layOutClasses({ clip, tokenizer }, request, config.textInput),
    contextLengths,
    config,
    teacher: enabled ? teacherFeatures({ clip, tokenizer }, request, teacherText) : null,
  }
  const { metrics, state } = trainingStep(
    task,
    stateOf(input),
    batchOf(input, 'train'),
    tf.scalar(request.rate),
  )
  const classTexts = readClassTexts({ tokenizer }, { ...request, textInput: config.textInput })
  return { tensors: { ...state, metrics }, json: { classTexts, config } }
}

/** Given prompts as the export of a run that never was, with the answers they give to the pictures. */
async function exportPrompts(
  model: Model,
  request: Of<'export'>,
  input: ReadonlyMap<string, StoredTensor>,
): Promise<Output> {
  const folder = mkdtempSync(join(tmpdir(), 'run-'))
  const parts = exampleParts(folder)
  const { architecture, digest, logitScale } = model.clip
  const { classNames, template, textInput, contextLengths } = request
  const described = { classNames, template, textInput, contextLengths, architecture, clipDigest: digest }
  const header = { ...parts.prompt.header, ...described }
  const prompt = {
    header,
    contextLengths,
    prompts: { text: input.get('text')?.data ?? null, image: input.get('image')?.data ?? null },
    widths: { text: architecture.text.width, image: architecture.image.width },
  }
  const classifier = promptClassifier(model, prompt, header)
  const images = request.images.map((path) => ({ path, label: 0 }))
  const control = { check: () => undefined, onProgress: () => undefined }
  writeExport(request.target, {
    ...parts,
    prompt,
    job: { ...parts.job, dataset: { ...parts.job.dataset, classNames } },
    classTexts: readClassTexts(model, header),
    classFeatures: classifier.classFeatures.dataSync<'float32'>(),
    logitScale,
    preprocessing: model.images.preprocessing,
    answers: await collectAnswers(classifier, model.images, { images, atMost: images.length }, control),
    loader: request.loader,
  })
  rmSync(folder, { recursive: true })
  return { tensors: {}, json: null }
}

function stateOf(input: ReadonlyMap<string, StoredTensor>): NamedTensors {
  const names = [...input.keys()].filter((name) => name.startsWith('state.'))
  return Object.fromEntries(names.map((name) => [name.slice('state.'.length), upload(input, name)]))
}

function batchOf(input: ReadonlyMap<string, StoredTensor>, name: string): Batch {
  return {
    pixels: upload(input, `${name}.pixels`) as Tensor4D,
    labels: tf.cast(upload(input, `${name}.labels`), 'int32') as Tensor1D,
  }
}

function upload(input: ReadonlyMap<string, StoredTensor>, name: string): Tensor {
  const { data, shape } = input.get(name)!
  return tf.tensor(data, [...shape])
}

void main(process.argv[2]!)
