import { z } from 'zod'
import { AppError } from '#shared/errors'
import { writeFileAtomic } from '#main/files'
import {
  bytesPerNumber,
  decodeNumbers,
  encodeNumbers,
  isNumberFormat,
  type NumberFormat,
} from './number-formats.ts'
import { openFile, type OpenFile } from './positioned-read.ts'

/** What a file says about one of its tensors. */
export interface StoredTensor {
  readonly name: string
  readonly format: NumberFormat
  readonly shape: readonly number[]
}

/** A file of named tensors of which each is read when it is asked for. */
export interface TensorFile {
  readonly path: string
  readonly sizeBytes: number
  readonly metadata: Readonly<Record<string, string>>
  /** in the order of the file */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** The numbers of one tensor, row by row, in memory of their own. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>
  close(): Promise<void>
}

/** A tensor in memory. */
export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

interface Content {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, NamedTensor>
}

/** The format's own limit. */
const LARGEST_HEADER = 100_000_000
const LENGTH_BYTES = 8

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
})

interface Placed extends StoredTensor {
  readonly start: number
  readonly end: number
}

/**
 * Opens a safetensors file and checks its whole header; no tensor is read yet. 'bad-file' says what was
 * expected and what was found. The caller closes it.
 */
export async function openSafetensors(path: string): Promise<TensorFile> {
  const file = await openFile(path)
  try {
    const headerLength = await readHeaderLength(file)
    const { metadata, tensors } = parseHeader(path, await file.read(LENGTH_BYTES, headerLength))
    const dataStart = LENGTH_BYTES + headerLength
    checkPlaces(path, [...tensors.values()], file.sizeBytes - dataStart)
    return {
      path,
      sizeBytes: file.sizeBytes,
      metadata,
      tensors,
      async read(name) {
        const { format, start, end } = found(tensors.get(name), path, name)
        return decodeNumbers(await file.read(dataStart + start, end - start), format)
      },
      close: () => file.close(),
    }
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}

/** A whole safetensors file, for the small ones the program writes itself. */
export async function readSafetensors(path: string): Promise<Content> {
  const file = await openSafetensors(path)
  try {
    const tensors = new Map<string, NamedTensor>()
    for (const { name, shape } of file.tensors.values())
      tensors.set(name, { shape, data: await file.read(name) })
    return { metadata: file.metadata, tensors }
  } finally {
    await file.close()
  }
}

/**
 * Writes a safetensors file durably. The same content gives the same bytes: tensors in the order of their names,
 * metadata too.
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, NamedTensor>>,
  {
    metadata = {},
    format = 'F32',
  }: { metadata?: Readonly<Record<string, string>>; format?: 'F32' | 'F16' } = {},
): void {
  const names = Object.keys(tensors).sort()
  const header: [string, unknown][] =
    Object.keys(metadata).length === 0 ? [] : [['__metadata__', sorted(metadata)]]
  let end = 0
  for (const name of names) {
    const { shape, data } = tensors[name]!
    if (name === '__metadata__' || data.length !== countNumbers(shape))
      throw new RangeError(`Tensor ${name} has ${data.length} numbers for the shape [${shape.join(', ')}]`)
    const start = end
    end += data.length * bytesPerNumber[format]
    header.push([name, { dtype: format, shape, data_offsets: [start, end] }])
  }
  writeFileAtomic(path, [
    ...encodeHeader(Object.fromEntries(header)),
    ...names.map((name) => encodeNumbers(tensors[name]!.data, format)),
  ])
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Padded with spaces so that the tensors start at a multiple of eight bytes. */
function encodeHeader(header: object): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(header), 'utf8')
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ')
  json.copy(padded)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeBigUInt64LE(BigInt(padded.length))
  return [length, padded]
}

async function readHeaderLength(file: OpenFile): Promise<number> {
  if (file.sizeBytes < LENGTH_BYTES + 2)
    throw badFile(file.path, `at least ${LENGTH_BYTES + 2} bytes expected, ${file.sizeBytes} found`)
  const length = Buffer.from(await file.read(0, LENGTH_BYTES)).readBigUInt64LE()
  const available = file.sizeBytes - LENGTH_BYTES
  if (length > LARGEST_HEADER || length > available) {
    const limit = Math.min(LARGEST_HEADER, available)
    throw badFile(
      file.path,
      `its first eight bytes claim a header of ${length.toString()} bytes, at most ${limit} fit`,
    )
  }
  return Number(length)
}

function parseHeader(path: string, bytes: Uint8Array) {
  if (bytes[0] !== '{'.charCodeAt(0)) throw badFile(path, 'its header does not begin with "{"')
  const text = decodeText(path, bytes)
  const json = parseJson(path, text)
  const names = Object.keys(json)
  if (countTopLevelKeys(text) !== names.length) throw badFile(path, 'its header names a tensor twice')
  const { __metadata__: stored = {}, ...entries } = json
  if (!isTextTable(stored)) throw badFile(path, 'its __metadata__ is not a table of texts')
  const tensors = new Map<string, Placed>()
  for (const [name, entry] of Object.entries(entries)) tensors.set(name, parseEntry(path, name, entry))
  return { metadata: stored, tensors }
}

function isTextTable(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  )
}

function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badFile(path, 'its header is not UTF-8 text')
  }
}

function parseJson(path: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown> // begins with "{", so it is an object
  } catch (thrown) {
    throw badFile(path, `its header is not JSON (${thrown instanceof Error ? thrown.message : 'unreadable'})`)
  }
}

/** JSON.parse keeps the last of two equal keys and says nothing, so the keys are counted in the text. */
function countTopLevelKeys(json: string): number {
  let depth = 0
  let keys = 0
  let quoting = false
  for (let i = 0; i < json.length; i++) {
    const sign = json[i]
    if (quoting) {
      if (sign === '\\') i++
      else if (sign === '"') quoting = false
    } else if (sign === '"') quoting = true
    else if (sign === '{' || sign === '[') depth++
    else if (sign === '}' || sign === ']') depth--
    else if (sign === ':' && depth === 1) keys++
  }
  return keys
}

function parseEntry(path: string, name: string, entry: unknown): Placed {
  const parsed = Entry.safeParse(entry)
  if (!parsed.success)
    throw badFile(path, `the entry of tensor ${quoted(name)} has no valid dtype, shape and data_offsets`)
  const { dtype, shape, data_offsets } = parsed.data
  if (!isNumberFormat(dtype))
    throw badFile(path, `tensor ${quoted(name)} is stored as ${quoted(dtype)}, which is not supported`)
  const [start, end] = data_offsets
  const bytes = countNumbers(shape) * bytesPerNumber[dtype]
  if (end - start !== bytes)
    throw badFile(
      path,
      `tensor ${quoted(name)} of shape [${shape.join(', ')}] as ${dtype} needs ${bytes} bytes, its offsets give ${end - start}`,
    )
  return { name, format: dtype, shape, start, end }
}

/** The tensors must lie one behind the other without holes and fill the file. */
function checkPlaces(path: string, tensors: readonly Placed[], available: number): void {
  let end = 0
  for (const tensor of tensors.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (tensor.start !== end)
      throw badFile(
        path,
        `tensor ${quoted(tensor.name)} begins at byte ${tensor.start} of the data, ${end} expected`,
      )
    end = tensor.end
  }
  if (end !== available)
    throw badFile(path, `its header describes ${end} bytes of data, the file holds ${available}`)
}

/** How many numbers a tensor of this shape has; infinite beyond what a number can count. */
export function countNumbers(shape: readonly number[]): number {
  const numbers = shape.reduce((product, side) => product * side, 1)
  return Number.isSafeInteger(numbers) ? numbers : Infinity
}

function found(tensor: Placed | undefined, path: string, name: string): Placed {
  if (tensor === undefined) throw badFile(path, `it has no tensor ${quoted(name)}`)
  return tensor
}

/** Names come from the file: shown as JSON, so that line breaks and control codes stay harmless, and never at length. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}

function badFile(path: string, reason: string): AppError {
  return new AppError('bad-file', `${path} is not a valid safetensors file: ${reason}.`, {
    hint: 'The file is damaged, incomplete or of another kind. Download or copy it again.',
  })
}
