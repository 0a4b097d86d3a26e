import { AppError } from '#shared/errors'
import type { OpenFile } from '../tensor/positioned-read.ts'

/** A file stored in a zip archive without compression: it can be read where it lies. */
export interface ZipEntry {
  readonly name: string
  /** where its bytes begin in the archive */
  readonly position: number
  readonly length: number
}

const END = 0x06054b50
const END_64_LOCATOR = 0x07064b50
const END_64 = 0x06064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_LENGTH = 22
const LOCAL_LENGTH = 30
const CENTRAL_LENGTH = 46
const LARGEST_COMMENT = 0xffff
const LARGEST_DIRECTORY = 2 ** 26
/** In a 32-bit field: the number stands in the ZIP64 part. */
const ELSEWHERE = 0xffffffff

interface Listed {
  readonly name: string
  readonly compressed: boolean
  readonly length: number
  readonly headerPosition: number
}

/**
 * Lists the directory of a zip archive; `locate` then finds the bytes of an entry, which PyTorch always stores
 * uncompressed. 'bad-file' for anything broken.
 */
export async function openZip(file: OpenFile) {
  const directory = await readDirectory(file)
  const listed = new Map<string, Listed>()
  for (const entry of listEntries(file.path, directory.bytes, directory.entries)) {
    if (listed.has(entry.name)) throw badArchive(file.path, `it lists ${JSON.stringify(entry.name)} twice`)
    listed.set(entry.name, entry)
  }
  return {
    names: [...listed.keys()] as readonly string[],

    /** Where an entry's bytes lie; undefined without such an entry. */
    async locate(name: string): Promise<ZipEntry | undefined> {
      const entry = listed.get(name)
      return entry === undefined ? undefined : locateEntry(file, entry)
    },
  }
}

async function readDirectory(file: OpenFile): Promise<{ bytes: Buffer; entries: number }> {
  if (file.sizeBytes < END_LENGTH)
    throw badArchive(file.path, `${file.sizeBytes} bytes are too few for an archive`)
  const tailLength = Math.min(file.sizeBytes, END_LENGTH + LARGEST_COMMENT)
  const tailStart = file.sizeBytes - tailLength
  const tail = Buffer.from(await file.read(tailStart, tailLength))
  const end = findEnd(tail)
  if (end === -1) throw badArchive(file.path, 'its directory, which is its last part, is missing')
  const { entries, length, position } = await readEnd(file, tail.subarray(end), tailStart + end)
  if (length > LARGEST_DIRECTORY) throw badArchive(file.path, `it claims a directory of ${length} bytes`)
  return { bytes: Buffer.from(await file.read(position, length)), entries }
}

/** The last end record whose comment reaches exactly to the end of the file. */
function findEnd(tail: Buffer): number {
  for (let at = tail.length - END_LENGTH; at >= 0; at--)
    if (tail.readUInt32LE(at) === END && at + END_LENGTH + tail.readUInt16LE(at + 20) === tail.length)
      return at
  return -1
}

async function readEnd(file: OpenFile, end: Buffer, endPosition: number) {
  const short = {
    entries: end.readUInt16LE(10),
    length: end.readUInt32LE(12),
    position: end.readUInt32LE(16),
  }
  if (short.entries !== 0xffff && short.length !== ELSEWHERE && short.position !== ELSEWHERE) return short
  const locator = Buffer.from(await file.read(Math.max(0, endPosition - 20), 20))
  if (locator.readUInt32LE(0) !== END_64_LOCATOR) return short
  const long = Buffer.from(await file.read(readSafe(file.path, locator, 8), 56))
  if (long.readUInt32LE(0) !== END_64) throw badArchive(file.path, 'its 64-bit end record is missing')
  return {
    entries: readSafe(file.path, long, 32),
    length: readSafe(file.path, long, 40),
    position: readSafe(file.path, long, 48),
  }
}

function* listEntries(path: string, directory: Buffer, entries: number): Generator<Listed> {
  let at = 0
  for (let index = 0; index < entries; index++) {
    if (at + CENTRAL_LENGTH > directory.length || directory.readUInt32LE(at) !== CENTRAL)
      throw badArchive(path, `its directory ends after ${index} of ${entries} entries`)
    const nameEnd = at + CENTRAL_LENGTH + directory.readUInt16LE(at + 28)
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30)
    if (extraEnd > directory.length) throw badArchive(path, 'an entry of its directory is cut off')
    const name = directory.toString('utf8', at + CENTRAL_LENGTH, nameEnd)
    yield { name, ...readPlace(path, directory.subarray(at, nameEnd), directory.subarray(nameEnd, extraEnd)) }
    at = extraEnd + directory.readUInt16LE(at + 32)
  }
}

/** Sizes and position of an entry, from its fixed part or, where those fields are full, from the ZIP64 part. */
function readPlace(path: string, fixed: Buffer, extra: Buffer) {
  const wide = wideNumbers(path, extra)
  const field = (offset: number) => {
    const value = fixed.readUInt32LE(offset)
    return value === ELSEWHERE ? (wide.shift() ?? value) : value
  }
  const length = field(24)
  const storedLength = field(20)
  const method = fixed.readUInt16LE(10)
  const encrypted = (fixed.readUInt16LE(8) & 1) === 1
  return {
    length,
    compressed: method !== 0 || encrypted || storedLength !== length,
    headerPosition: field(42),
  }
}

function wideNumbers(path: string, extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2)
    const field = extra.subarray(at + 4, at + 4 + length)
    if (extra.readUInt16LE(at) === 1)
      return Array.from({ length: Math.floor(Math.min(field.length, 24) / 8) }, (_, index) =>
        readSafe(path, field, 8 * index),
      )
    at += 4 + length
  }
  return []
}

/** The name and the padding before an entry's bytes may differ from what the directory says, so the local header counts. */
async function locateEntry(
  file: OpenFile,
  { name, compressed, length, headerPosition }: Listed,
): Promise<ZipEntry> {
  if (compressed)
    throw badArchive(file.path, `${JSON.stringify(name)} is compressed, which PyTorch does not do`)
  const header = Buffer.from(await file.read(headerPosition, LOCAL_LENGTH))
  if (header.readUInt32LE(0) !== LOCAL)
    throw badArchive(file.path, `${JSON.stringify(name)} is not where its directory says`)
  const position = headerPosition + LOCAL_LENGTH + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (position + length > file.sizeBytes)
    throw badArchive(
      file.path,
      `${JSON.stringify(name)} needs ${length} bytes, ${file.sizeBytes - position} are left`,
    )
  return { name, position, length }
}

function readSafe(path: string, bytes: Buffer, offset: number): number {
  const value = Number(bytes.readBigUInt64LE(offset))
  if (Number.isSafeInteger(value)) return value
  throw badArchive(path, `it claims a length of ${value} bytes`)
}

function badArchive(path: string, reason: string): AppError {
  return new AppError('bad-file', `${path} is not a complete PyTorch archive: ${reason}.`, {
    hint: 'The file is damaged or incomplete. Download or copy it again.',
  })
}
