import { open, type FileHandle } from 'node:fs/promises'

const loadSegment = 1
const dynamicSegment = 2
const stringTable = 5n
const neededTag = 1n
const runPathTags = [15n, 29n]

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly bytes: number
}

/**
 * The folders that a Linux shared library tells the loader to search (RPATH and RUNPATH), `$ORIGIN` unresolved.
 * Empty for anything that is not a 64-bit little-endian ELF file.
 */
export async function runPaths(path: string): Promise<string[]> {
  return (await dynamicTexts(path, runPathTags)).flatMap((text) => text.split(':'))
}

/** The libraries that a Linux shared library asks the loader for, by name. Empty for anything else. */
export function neededLibraries(path: string): Promise<string[]> {
  return dynamicTexts(path, [neededTag])
}

async function dynamicTexts(path: string, tags: readonly bigint[]): Promise<string[]> {
  const file = await open(path, 'r')
  try {
    const header = await read(file, 0, 64)
    if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return []
    const segments = await readSegments(file, header)
    const dynamic = segments.find(({ type }) => type === dynamicSegment)
    if (dynamic === undefined) return []
    const entries = parseDynamic(await read(file, dynamic.offset, dynamic.bytes))
    const strings = entries.find(([tag]) => tag === stringTable)?.[1]
    const base = strings === undefined ? undefined : fileOffset(segments, strings)
    if (base === undefined) return []
    const texts = entries
      .filter(([tag]) => tags.includes(tag))
      .map(([, value]) => readText(file, base + Number(value)))
    return await Promise.all(texts)
  } finally {
    await file.close()
  }
}

async function readSegments(file: FileHandle, header: Buffer): Promise<Segment[]> {
  const [entryBytes, count] = [header.readUInt16LE(54), header.readUInt16LE(56)]
  const table = await read(file, Number(header.readBigUInt64LE(32)), entryBytes * count)
  return Array.from({ length: entryBytes === 0 ? 0 : Math.floor(table.length / entryBytes) }, (_, index) => {
    const entry = table.subarray(index * entryBytes)
    return {
      type: entry.readUInt32LE(0),
      offset: Number(entry.readBigUInt64LE(8)),
      address: entry.readBigUInt64LE(16),
      bytes: Number(entry.readBigUInt64LE(32)),
    }
  })
}

function parseDynamic(section: Buffer): [tag: bigint, value: bigint][] {
  return Array.from({ length: Math.floor(section.length / 16) }, (_, index) => [
    section.readBigUInt64LE(index * 16),
    section.readBigUInt64LE(index * 16 + 8),
  ])
}

function fileOffset(segments: readonly Segment[], address: bigint): number | undefined {
  const holder = segments.find(
    (segment) =>
      segment.type === loadSegment &&
      address >= segment.address &&
      address < segment.address + BigInt(segment.bytes),
  )
  return holder === undefined ? undefined : holder.offset + Number(address - holder.address)
}

/** TensorFlow's own run path is over 20 kB long. */
async function readText(file: FileHandle, offset: number): Promise<string> {
  const bytes = await read(file, offset, 1 << 18)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
}

async function read(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(bytes, 1 << 20))
  const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
  return buffer.subarray(0, bytesRead)
}
