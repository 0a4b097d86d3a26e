import { open, type FileHandle } from 'node:fs/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { AppError } from '#shared/errors'
import { isSafeName, readPart, writeEntry, type UnpackTarget, type UnpackedFile } from './unpack.ts'

/** An entry of a zip archive as its central directory describes it. */
export interface ZipEntry {
  readonly name: string
  readonly compressed: boolean
  readonly packedBytes: number
  readonly bytes: number
  readonly crc32: number
  /** offset of the entry's local header */
  readonly offset: number
}

/**
 * Unpacks what `take` asks for out of a wheel (a zip archive), streaming: memory does not grow with the
 * archive. Lengths and checksums of all unpacked entries are verified.
 *
 * @throws AppError `bad-file` for anything that is not a whole, plain, well-behaved archive
 */
export async function unpackZip(path: string, target: UnpackTarget): Promise<UnpackedFile[]> {
  const unpacked: UnpackedFile[] = []
  for (const entry of await readZipDirectory(path)) {
    const destination = entry.name.endsWith('/') ? null : target.take(entry.name)
    if (destination === null) continue
    unpacked.push(await writeEntry(entryContent(path, entry), target, destination))
  }
  return unpacked
}

/** The entries of a zip archive, zip64 included. Every length is checked against the file before it is used. */
export async function readZipDirectory(path: string): Promise<ZipEntry[]> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const end = await findDirectory(file, size)
    if (end.offset + end.bytes > size) throw damaged(path, 'its directory lies beyond its end')
    const entries = parseDirectory(await readAt(file, end.offset, end.bytes), path)
    if (entries.length !== end.entries)
      throw damaged(path, `its directory lists ${entries.length} of ${end.entries} entries`)
    for (const { name, offset, packedBytes } of entries)
      if (offset + localHeaderBytes + packedBytes > size) throw damaged(path, `${name} lies beyond its end`)
    return entries
  } finally {
    await file.close()
  }
}

const localHeaderBytes = 30
const endRecordBytes = 22
/** 32- and 16-bit fields that hold this mean: see the zip64 record. */
const inZip64 = 0xffffffff

interface DirectoryPlace {
  readonly offset: number
  readonly bytes: number
  readonly entries: number
}

async function findDirectory(file: FileHandle, size: number): Promise<DirectoryPlace> {
  const tailBytes = Math.min(size, endRecordBytes + 0xffff)
  const tail = await readAt(file, size - tailBytes, tailBytes)
  for (let at = tail.length - endRecordBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50) continue
    if (at + endRecordBytes + tail.readUInt16LE(at + 20) !== tail.length) continue
    const [entries, bytes, offset] = [
      tail.readUInt16LE(at + 10),
      tail.readUInt32LE(at + 12),
      tail.readUInt32LE(at + 16),
    ]
    if (entries !== 0xffff && bytes !== inZip64 && offset !== inZip64) return { entries, bytes, offset }
    return findZip64Directory(file, size - tail.length + at)
  }
  throw damaged('The archive', 'it has no end record, so it is not a zip archive or has been cut short')
}

/** Directly before the end record a locator tells where the zip64 end record is. */
async function findZip64Directory(file: FileHandle, endRecord: number): Promise<DirectoryPlace> {
  if (endRecord < 20) throw damaged('The archive', 'its zip64 locator is missing')
  const locator = await readAt(file, endRecord - 20, 20)
  if (locator.readUInt32LE(0) !== 0x07064b50) throw damaged('The archive', 'its zip64 locator is missing')
  const at = safeNumber(locator.readBigUInt64LE(8))
  if (at + 56 > endRecord) throw damaged('The archive', 'its zip64 record lies beyond its end')
  const record = await readAt(file, at, 56)
  if (record.readUInt32LE(0) !== 0x06064b50) throw damaged('The archive', 'its zip64 record is missing')
  return {
    entries: safeNumber(record.readBigUInt64LE(32)),
    bytes: safeNumber(record.readBigUInt64LE(40)),
    offset: safeNumber(record.readBigUInt64LE(48)),
  }
}

function parseDirectory(directory: Buffer, path: string): ZipEntry[] {
  const entries: ZipEntry[] = []
  for (let at = 0; at < directory.length;) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw damaged(path, 'its directory is broken')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      directory.readUInt16LE(at + field),
    ) as [number, number, number]
    const next = at + 46 + nameBytes + extraBytes + commentBytes
    if (next > directory.length) throw damaged(path, 'its directory is broken')
    entries.push(parseEntry(directory.subarray(at, next), nameBytes, extraBytes, path))
    at = next
  }
  return entries
}

function parseEntry(header: Buffer, nameBytes: number, extraBytes: number, path: string): ZipEntry {
  const name = header.toString('utf8', 46, 46 + nameBytes)
  if (!isSafeName(name)) throw damaged(path, `it holds an entry with the unsafe name ${JSON.stringify(name)}`)
  const method = header.readUInt16LE(10)
  if ((header.readUInt16LE(8) & 1) !== 0) throw damaged(path, `${name} is encrypted`)
  if (method !== 0 && method !== 8)
    throw damaged(path, `${name} is packed by method ${method}, which is not supported`)
  const wide = zip64Reader(header.subarray(46 + nameBytes, 46 + nameBytes + extraBytes), path)
  // In this order: the zip64 field holds only those of the three that do not fit.
  const bytes = wide(header.readUInt32LE(24))
  const packedBytes = wide(header.readUInt32LE(20))
  const offset = wide(header.readUInt32LE(42))
  return { name, compressed: method === 8, packedBytes, bytes, crc32: header.readUInt32LE(16), offset }
}

function zip64Reader(extra: Buffer, path: string): (value: number) => number {
  let wide: Buffer | undefined
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === 1) wide = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2))
  let used = 0
  return (value) => {
    if (value !== inZip64) return value
    if (wide === undefined || used + 8 > wide.length) throw damaged(path, 'a zip64 length is missing')
    used += 8
    return safeNumber(wide.readBigUInt64LE(used - 8))
  }
}

/** The local header repeats the name and may have an extra field of another length than the directory's. */
async function contentOffset(path: string, entry: ZipEntry): Promise<number> {
  const file = await open(path, 'r')
  try {
    const header = await readAt(file, entry.offset, localHeaderBytes)
    if (header.readUInt32LE(0) !== 0x04034b50)
      throw damaged(path, `${entry.name} is not where the directory says`)
    const nameBytes = header.readUInt16LE(26)
    const name = await readAt(file, entry.offset + localHeaderBytes, nameBytes)
    if (name.toString('utf8') !== entry.name)
      throw damaged(path, `${entry.name} is not where the directory says`)
    const start = entry.offset + localHeaderBytes + nameBytes + header.readUInt16LE(28)
    if (start + entry.packedBytes > (await file.stat()).size)
      throw damaged(path, `${entry.name} has been cut short`)
    return start
  } finally {
    await file.close()
  }
}

/** The unpacked content, failing at the first surplus byte and, at the end, on a wrong length or checksum. */
async function* entryContent(path: string, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const start = await contentOffset(path, entry)
  const part = { path, start, end: start + entry.packedBytes }
  const content = readPart(
    part,
    entry.compressed ? () => createInflateRaw({ chunkSize: 1 << 18 }) : undefined,
  )
  let bytes = 0
  let sum = 0
  try {
    for await (const part of content) {
      bytes += part.length
      if (bytes > entry.bytes)
        throw damaged(path, `${entry.name} is longer than the ${entry.bytes} bytes announced`)
      sum = crc32(part, sum)
      yield part
    }
  } catch (thrown) {
    if (thrown instanceof AppError || (thrown as NodeJS.ErrnoException).syscall !== undefined) throw thrown
    throw damaged(path, `${entry.name} does not unpack (${String(thrown)})`)
  }
  if (bytes !== entry.bytes) throw damaged(path, `${entry.name} has ${bytes} bytes instead of ${entry.bytes}`)
  if (sum !== entry.crc32) throw damaged(path, `the checksum of ${entry.name} is wrong`)
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let read = 0
  while (read < bytes) {
    const { bytesRead } = await file.read(buffer, read, bytes - read, position + read)
    if (bytesRead === 0)
      throw damaged('The archive', `it ends at ${position + read}, within one of its records`)
    read += bytesRead
  }
  return buffer
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('The archive', 'a length is impossibly large')
  return Number(value)
}

function damaged(path: string, what: string): AppError {
  return new AppError('bad-file', `${path} cannot be unpacked: ${what}.`, {
    hint: 'Fetch the file again; the copy is damaged or is another file.',
  })
}
