import { z } from 'zod'
import { AppError } from '#shared/errors'
import type { ClipArchitecture } from '#shared/schemas/model'
import { Branch, type PerBranch, type PromptConfiguration } from '#shared/schemas/prompt'
import { PromptHeader } from '#shared/schemas/prompt-header'
import { readSafetensors, writeSafetensors, type NamedTensor } from '../tensor/safetensors.ts'

/** The learned numbers of both branches. */
export interface LearnedPrompts {
  readonly contextLengths: PromptConfiguration
  /** [sum of context lengths, d] each: the prompts of all layers one after the other; null when there is none */
  readonly prompts: PerBranch<Float32Array | null>
  readonly widths: PerBranch<number>
}

/** What a header adds to the learned numbers; the rest of it follows from them. */
export type PromptDescription = Omit<PromptHeader, 'format' | 'formatVersion' | 'contextLengths'>

/** The CLIP that prompts are to be used with. */
export interface PromptedModel {
  readonly architecture: ClipArchitecture
  readonly digest: string
}

/**
 * Writes prompts durably as a safetensors file: tensors `text.<layer>` and `image.<layer>` of shape [c, d] for the
 * layers that have a prompt, layers counted from 0, and the header as metadata.
 */
export function writePromptFile(path: string, learned: LearnedPrompts, description: PromptDescription): void {
  const { contextLengths, prompts, widths } = learned
  const header: PromptHeader = { ...description, format: 'dpl-prompt', formatVersion: '1', contextLengths }
  const tensors = Branch.options.flatMap((branch) =>
    namePrompts(branch, {
      contextLengths: contextLengths[branch],
      width: widths[branch],
      rows: prompts[branch] ?? new Float32Array(0),
    }),
  )
  writeSafetensors(path, Object.fromEntries(tensors), { metadata: z.encode(PromptHeader, header) })
}

/**
 * Reads a prompt file and checks everything in it: 'bad-file' when it is damaged or none of ours, and with `model`
 * 'model-mismatch' when its prompts were learned for another CLIP.
 */
export async function readPromptFile(
  path: string,
  model?: PromptedModel,
): Promise<LearnedPrompts & { header: PromptHeader }> {
  const { metadata, tensors } = await readSafetensors(path)
  const header = readHeader(path, metadata)
  if (model !== undefined) checkModel(path, header, model)
  checkTensors(path, header, tensors)
  const { contextLengths, architecture } = header
  const joined = (branch: Branch) => joinPrompts(branch, contextLengths[branch], tensors)
  return {
    header,
    contextLengths,
    prompts: { text: joined('text'), image: joined('image') },
    widths: { text: architecture.text.width, image: architecture.image.width },
  }
}

/** Refuses to use prompts with a CLIP that they were not learned for. `path` is only for the message. */
export function checkModel(
  path: string,
  header: PromptHeader,
  { architecture, digest }: PromptedModel,
): void {
  const hint = 'Choose the CLIP that the prompts were learned with; a run and its export name it.'
  for (const branch of Branch.options)
    for (const measure of ['width', 'depth'] as const) {
      const [expected, found] = [header.architecture[branch][measure], architecture[branch][measure]]
      if (expected !== found)
        throw new AppError(
          'model-mismatch',
          `The prompts in ${path} are for a CLIP whose ${branch} branch has a ${measure} of ${expected}; this one has ${found}.`,
          { hint },
        )
    }
  if (header.clipDigest !== digest)
    throw new AppError(
      'model-mismatch',
      `The prompts in ${path} were learned with other CLIP weights: digest ${shorten(header.clipDigest)} expected, ${shorten(digest)} found.`,
      { hint },
    )
}

function namePrompts(
  branch: Branch,
  { contextLengths, width, rows }: { contextLengths: readonly number[]; width: number; rows: Float32Array },
): [string, NamedTensor][] {
  let start = 0
  const named = contextLengths.flatMap((length, layer): [string, NamedTensor][] => {
    if (length === 0) return []
    const data = rows.subarray(start * width, (start + length) * width)
    start += length
    return [[`${branch}.${layer}`, { shape: [length, width], data }]]
  })
  if (rows.length !== start * width)
    throw new RangeError(`The ${branch} prompts have ${rows.length} numbers, ${start} x ${width} expected`)
  return named
}

function readHeader(path: string, metadata: Readonly<Record<string, string>>): PromptHeader {
  const { format = 'none', formatVersion = 'none' } = metadata
  if (format !== 'dpl-prompt')
    throw new AppError(
      'bad-file',
      `${path} holds no prompts: format "dpl-prompt" expected, ${quoted(format)} found.`,
      {
        hint: 'Choose the prompt.safetensors of a run or an export.',
      },
    )
  if (formatVersion !== '1')
    throw new AppError(
      'bad-file',
      `${path} has format version ${quoted(formatVersion)}; this program reads version "1".`,
      {
        hint: 'Install a newer version of DPL Studio.',
      },
    )
  const parsed = PromptHeader.safeParse(metadata)
  if (!parsed.success) throw damaged(path, `its header is incomplete:\n${z.prettifyError(parsed.error)}`)
  const header = parsed.data
  for (const branch of Branch.options) {
    const [lengths, { depth }] = [header.contextLengths[branch], header.architecture[branch]]
    if (lengths.length !== depth)
      throw damaged(
        path,
        `it has ${lengths.length} context lengths for the ${depth} layers of the ${branch} branch`,
      )
  }
  return header
}

/** Exactly the tensors that the context lengths ask for, in their shapes, all numbers finite. */
function checkTensors(path: string, header: PromptHeader, tensors: ReadonlyMap<string, NamedTensor>): void {
  const expected = new Map(
    Branch.options.flatMap((branch) =>
      header.contextLengths[branch].flatMap((length, layer): [string, number[]][] =>
        length === 0 ? [] : [[`${branch}.${layer}`, [length, header.architecture[branch].width]]],
      ),
    ),
  )
  for (const name of tensors.keys())
    if (!expected.has(name))
      throw damaged(path, `the tensor ${quoted(name)} has no place in its context lengths`)
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw damaged(path, `the tensor ${quoted(name)} is missing`)
    if (tensor.shape.join() !== shape.join())
      throw damaged(
        path,
        `the tensor ${quoted(name)} has the shape [${tensor.shape.join(', ')}], [${shape.join(', ')}] expected`,
      )
    if (!tensor.data.every(Number.isFinite))
      throw damaged(path, `the tensor ${quoted(name)} holds numbers that are not finite`)
  }
}

function joinPrompts(
  branch: Branch,
  contextLengths: readonly number[],
  tensors: ReadonlyMap<string, NamedTensor>,
): Float32Array | null {
  const parts = contextLengths.flatMap((length, layer) =>
    length === 0 ? [] : [tensors.get(`${branch}.${layer}`)!.data],
  )
  if (parts.length === 0) return null
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let start = 0
  for (const part of parts) {
    joined.set(part, start)
    start += part.length
  }
  return joined
}

function damaged(path: string, reason: string): AppError {
  return new AppError('bad-file', `${path} is damaged: ${reason}.`, {
    hint: 'Export the run again, or restore the file from a copy.',
  })
}

/** Texts out of a file are shown as JSON, so that line breaks stay harmless, and never at length. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

function shorten(digest: string): string {
  return quoted(digest.length > 12 ? `${digest.slice(0, 12)}…` : digest)
}
