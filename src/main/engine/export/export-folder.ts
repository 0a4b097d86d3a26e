import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '#shared/errors'
import type { ImagePreprocessing } from '#shared/schemas/model'
import type { PromptHeader } from '#shared/schemas/prompt-header'
import { readJson, writeFileAtomic, writeJson } from '#main/files'
import {
  readPromptFile,
  writePromptFile,
  type LearnedPrompts,
  type PromptedModel,
} from '../prompts/prompt-file.ts'
import { readSafetensors, writeSafetensors } from '../tensor/safetensors.ts'
import { ExportConfig, ExportedAnswers, exportFiles } from './export-config.ts'
import { describeRun, type FinishedRun } from './run-card.ts'

/** Everything an export is made of. */
export interface ExportParts extends FinishedRun {
  /** of each class, one text per template with its token ids */
  readonly classTexts: readonly (readonly { readonly text: string; readonly ids: readonly number[] }[])[]
  /** [C, e] unit rows: the text branch's last word, so that a program needs no text branch */
  readonly classFeatures: Float32Array
  readonly logitScale: number
  readonly preprocessing: ImagePreprocessing
  /** alpha of every epoch as .npy; null for a branch that was not searched */
  readonly alphaFiles: { readonly text: string | null; readonly image: string | null }
  readonly answers: ExportedAnswers
  /** the Python loader to put beside the files */
  readonly loader: string
}

/** An export, checked. */
export interface ReadExport extends LearnedPrompts {
  readonly folder: string
  readonly config: ExportConfig
  readonly header: PromptHeader
  /** [C, e] unit rows */
  readonly classFeatures: Float32Array
  /** null when the file was taken out, for instance before passing the export on */
  readonly answers: ExportedAnswers | null
}

/**
 * Writes an export as a folder, which appears whole or not at all, and gives the names of its files. An existing
 * folder is refused, unless `replace` is asked for and it is an older export of the same run.
 */
export function writeExport(
  target: string,
  parts: ExportParts,
  { replace = false }: { replace?: boolean } = {},
): string[] {
  const folder = resolve(target)
  const old = checkTarget(folder, parts.job.runId, replace)
  removeLeftovers(folder)
  const temporary = sibling(folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  try {
    writeFiles(temporary, parts)
    swapIn(temporary, folder, old)
  } catch (thrown) {
    rmSync(temporary, { recursive: true, force: true })
    throw thrown
  }
  return readdirSync(folder).sort()
}

/**
 * Reads and checks an export: every file that its `config.json` lists is there and unchanged, and the parts agree.
 * 'bad-file' names the file; with `model`, 'model-mismatch' when the prompts belong to another CLIP.
 */
export async function readExport(target: string, model?: PromptedModel): Promise<ReadExport> {
  const folder = resolve(target)
  const config = readJson(join(folder, exportFiles.config), ExportConfig)
  const hasAnswers = existsSync(join(folder, exportFiles.verification))
  checkDigests(folder, config, hasAnswers ? [] : [exportFiles.verification])
  const prompt = await readPromptFile(join(folder, exportFiles.prompt), model)
  checkAgreement(folder, config, prompt.header)
  return {
    ...prompt,
    folder,
    config,
    classFeatures: await readClassifier(folder, config),
    answers: hasAnswers ? readAnswers(folder, config) : null,
  }
}

/** The folder to replace, or null when there is none; an empty folder is as good as none. */
function checkTarget(folder: string, runId: string, replace: boolean): string | null {
  if (!existsSync(folder)) return null
  if (!statSync(folder).isDirectory())
    throw new AppError('invalid-input', `${folder} is a file; an export is a folder.`, {
      hint: 'Choose another name.',
    })
  if (readdirSync(folder).length === 0) return folder
  if (!replace)
    throw new AppError(
      'invalid-input',
      `${folder} exists already; an export never overwrites anything unasked.`,
      {
        hint: 'Choose another folder, or ask for the older export to be replaced.',
      },
    )
  if (runOf(folder) !== runId)
    throw new AppError('invalid-input', `${folder} is not an export of this run, so it is not replaced.`, {
      hint: 'Choose another folder, or remove that one yourself.',
    })
  return folder
}

/** The run that a folder is an export of; null when it is none. */
function runOf(folder: string): string | null {
  try {
    return readJson(join(folder, exportFiles.config), ExportConfig).run.id
  } catch {
    return null
  }
}

/** The old folder steps aside first: a rename never replaces a folder that holds something. */
function swapIn(temporary: string, folder: string, old: string | null): void {
  if (old !== null && readdirSync(old).length === 0) rmdirSync(old)
  if (!existsSync(folder)) {
    renameSync(temporary, folder)
    return
  }
  const aside = sibling(folder, 'old')
  renameSync(folder, aside)
  try {
    renameSync(temporary, folder)
  } catch (thrown) {
    renameSync(aside, folder)
    throw thrown
  }
  rmSync(aside, { recursive: true, force: true })
}

/** What an export to the same place left behind when it was killed; nobody else makes such names. */
function removeLeftovers(folder: string): void {
  const parent = dirname(folder)
  if (!existsSync(parent)) return
  const [before, after] = [`.${basename(folder)}.`, '.tmp']
  for (const name of readdirSync(parent)) {
    const isOurs = name.startsWith(before) && name.endsWith(after)
    if (isOurs && /^[0-9a-f]{12}$/.test(name.slice(before.length, -after.length)))
      rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function sibling(folder: string, ending: string): string {
  return join(dirname(folder), `.${basename(folder)}.${randomBytes(6).toString('hex')}.${ending}`)
}

function writeFiles(folder: string, parts: ExportParts): void {
  const place = (name: string) => join(folder, name)
  const { header, ...learned } = parts.prompt
  writePromptFile(place(exportFiles.prompt), learned, header)
  writeSafetensors(place(exportFiles.classifier), {
    text_features: {
      shape: [header.classNames.length, parts.classFeatures.length / header.classNames.length],
      data: parts.classFeatures,
    },
    logit_scale: { shape: [1], data: Float32Array.of(parts.logitScale) },
  })
  writeJson(place(exportFiles.classes), header.classNames)
  writeJson(place(exportFiles.preprocessor), huggingFacePreprocessing(parts.preprocessing))
  writeJson(place(exportFiles.verification), parts.answers satisfies ExportedAnswers)
  copyIfThere(parts.alphaFiles.text, place(exportFiles.alphaText))
  copyIfThere(parts.alphaFiles.image, place(exportFiles.alphaImage))
  writeFileAtomic(place(exportFiles.readme), describeRun(parts))
  writeFileAtomic(place(exportFiles.loader), readFileSync(parts.loader))
  writeJson(place(exportFiles.config), describeExport(parts, digestsOf(folder)))
}

function copyIfThere(source: string | null, target: string): void {
  if (source !== null) writeFileAtomic(target, readFileSync(source))
}

function describeExport(parts: ExportParts, files: Record<string, string>): ExportConfig {
  const { prompt, job, classTexts, preprocessing, logitScale } = parts
  const { header, contextLengths } = prompt
  const { accuracy, zeroShotAccuracy } = header
  return {
    format: 'dpl-export',
    formatVersion: 1,
    programVersion: header.programVersion,
    createdAt: header.createdAt,
    run: { id: job.runId, name: job.name },
    dataset: { name: job.dataset.name, fingerprint: job.dataset.fingerprint },
    model: { name: job.model.name, digest: header.clipDigest },
    method: header.method,
    seed: header.seed,
    shots: header.shots,
    architecture: header.architecture,
    contextLengths,
    template: header.template,
    textInput: header.textInput,
    classNames: header.classNames,
    classTexts: classTexts.map((texts) => texts.map(({ text }) => text)),
    classTokens: classTexts.map((texts) => texts.map(({ ids }) => [...ids])),
    preprocessing,
    logitScale,
    ...(accuracy !== undefined && { accuracy }),
    ...(zeroShotAccuracy !== undefined && { zeroShotAccuracy }),
    files,
  }
}

/** The same steps in the words of transformers' `preprocessor_config.json`. */
function huggingFacePreprocessing(preprocessing: ImagePreprocessing): object {
  const { resizeTo, cropSize, interpolation, mean, std } = preprocessing
  return {
    image_processor_type: 'CLIPImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: resizeTo },
    // Pillow's numbers
    resample: interpolation === 'bicubic' ? 3 : 2,
    do_center_crop: true,
    crop_size: { height: cropSize, width: cropSize },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  }
}

/** The run card and the loader are for people, who may change them; the rest must stay as it is. */
function digestsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter(
    (name) => name !== exportFiles.readme && name !== exportFiles.loader,
  )
  return Object.fromEntries(names.sort().map((name) => [name, digestOf(join(folder, name))]))
}

function checkDigests(folder: string, { files }: ExportConfig, except: readonly string[]): void {
  for (const required of [exportFiles.prompt, exportFiles.classifier])
    if (files[required] === undefined)
      throw damaged(folder, `its ${exportFiles.config} does not list ${required}`)
  for (const [name, digest] of Object.entries(files)) {
    if (except.includes(name)) continue
    if (!existsSync(join(folder, name))) throw damaged(folder, `${name} is missing`)
    if (digestOf(join(folder, name)) !== digest) throw damaged(folder, `${name} is not as it was written`)
  }
}

/** What is said twice must be said alike; `config.json` itself has no digest. */
function checkAgreement(folder: string, config: ExportConfig, header: PromptHeader): void {
  const { clipDigest, ...both } = header
  const pairs: [string, unknown, unknown][] = [
    ['model', config.model.digest, clipDigest],
    ['architecture', config.architecture, both.architecture],
    ['contextLengths', config.contextLengths, both.contextLengths],
    ['classNames', config.classNames, both.classNames],
    ['template', config.template, both.template],
    ['textInput', config.textInput, both.textInput],
  ]
  for (const [what, one, other] of pairs)
    if (JSON.stringify(one) !== JSON.stringify(other))
      throw damaged(folder, `${what} differs between ${exportFiles.config} and ${exportFiles.prompt}`)
}

async function readClassifier(folder: string, config: ExportConfig): Promise<Float32Array> {
  const { tensors } = await readSafetensors(join(folder, exportFiles.classifier))
  const features = tensors.get('text_features')
  const expected = [config.classNames.length, config.architecture.embeddingSize]
  if (features?.shape.join() !== expected.join() || !features.data.every(Number.isFinite))
    throw damaged(folder, `${exportFiles.classifier} has no text_features of shape [${expected.join(', ')}]`)
  return features.data
}

function readAnswers(folder: string, { classNames }: ExportConfig): ExportedAnswers {
  const answers = readJson(join(folder, exportFiles.verification), ExportedAnswers)
  const fits = answers.images.every(
    ({ label, probabilities }) => label < classNames.length && probabilities.length === classNames.length,
  )
  if (!fits) throw damaged(folder, `${exportFiles.verification} is about other classes`)
  return answers
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function damaged(folder: string, reason: string): AppError {
  return new AppError('bad-file', `The export in ${folder} is damaged: ${reason}.`, {
    hint: 'Export the run again, or copy the folder again from where it was whole.',
  })
}
