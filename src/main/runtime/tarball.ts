import { stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { AppError } from '#shared/errors'
import { isSafeName, readPart, writeEntry, type UnpackTarget, type UnpackedFile } from './unpack.ts'

const blockBytes = 512

/**
 * Unpacks what `take` asks for out of a `.tar.gz`: regular files only, links and devices are passed over.
 * Gzip's own checksum covers every byte.
 *
 * @throws AppError `bad-file` for a damaged or truncated archive, or an entry with an unsafe name
 */
export async function unpackTarGz(path: string, target: UnpackTarget): Promise<UnpackedFile[]> {
  const unpacked: UnpackedFile[] = []
  const part = { path, start: 0, end: (await stat(path)).size }
  const reader = byteReader(readPart(part, () => createGunzip({ chunkSize: 1 << 18 })))
  try {
    let longName: string | undefined
    for (let header = await nextHeader(reader); header !== null; header = await nextHeader(reader)) {
      const { type, bytes } = header
      const name = longName ?? header.name
      const padding = (blockBytes - (bytes % blockBytes)) % blockBytes
      longName = undefined
      if (type === 'L' || type === 'x') longName = announcedName(type, await reader.take(limited(bytes)))
      else {
        const destination = type === '0' ? destinationOf(name, target) : null
        if (destination === null) await reader.skip(bytes)
        else unpacked.push(await writeEntry(reader.parts(bytes), target, destination))
      }
      await reader.skip(padding)
    }
    // To the end of the stream, so that gzip compares its checksum.
    await reader.drain()
  } catch (thrown) {
    if (thrown instanceof AppError || (thrown as NodeJS.ErrnoException).syscall !== undefined) throw thrown
    throw damaged(path, String(thrown))
  } finally {
    await reader.close()
  }
  return unpacked
}

interface TarHeader {
  readonly name: string
  readonly type: string
  readonly bytes: number
}

function destinationOf(name: string, { take }: UnpackTarget): string | null {
  const plain = name.replace(/^(\.\/)+/, '')
  if (plain === '') return null
  if (!isSafeName(plain)) throw new Error(`it holds an entry with the unsafe name ${JSON.stringify(name)}`)
  return take(plain)
}

/** Null at the block of zeros that ends an archive. */
async function nextHeader(reader: ByteReader): Promise<TarHeader | null> {
  const block = await reader.take(blockBytes)
  if (block.every((byte) => byte === 0)) return null
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (sum !== octal(block, 148, 8)) throw new Error('a header has a wrong checksum')
  const prefix = block.toString('latin1', 257, 262) === 'ustar' ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  const type = text(block, 156, 1)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: type === '' ? '0' : type,
    bytes: size(block),
  }
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

function octal(block: Buffer, start: number, length: number): number {
  const digits = text(block, start, length).trim()
  if (!/^[0-7]*$/.test(digits)) throw new Error('a number in a header is broken')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

/** Octal, or for 8 GiB and more a big-endian number marked by its first bit. */
function size(block: Buffer): number {
  if ((block[124]! & 0x80) === 0) return octal(block, 124, 12)
  const bytes = Number(block.readBigUInt64BE(128))
  if (!Number.isSafeInteger(bytes)) throw new Error('a length is impossibly large')
  return bytes
}

/** The name of the next entry, from GNU's long name (`L`) or a POSIX extended header (`x`). */
function announcedName(type: string, content: Buffer): string | undefined {
  if (type === 'L') return text(content, 0, content.length)
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1]
}

function limited(bytes: number): number {
  if (bytes > 1 << 20) throw new Error('a name is impossibly long')
  return bytes
}

interface ByteReader {
  atEnd(): Promise<boolean>
  take(bytes: number): Promise<Buffer>
  skip(bytes: number): Promise<void>
  parts(bytes: number): AsyncGenerator<Buffer>
  drain(): Promise<void>
  close(): Promise<void>
}

/** Reads a stream in pieces of asked-for lengths. */
function byteReader(source: AsyncGenerator<Buffer>): ByteReader {
  let rest: Buffer = Buffer.alloc(0)

  async function atEnd(): Promise<boolean> {
    while (rest.length === 0) {
      const next = await source.next()
      if (next.done === true) return true
      rest = next.value
    }
    return false
  }

  async function* parts(bytes: number): AsyncGenerator<Buffer> {
    for (let missing = bytes; missing > 0;) {
      if (await atEnd()) throw new Error('it has been cut short')
      const part = rest.subarray(0, missing)
      rest = rest.subarray(part.length)
      missing -= part.length
      yield part
    }
  }

  async function take(bytes: number): Promise<Buffer> {
    const collected: Buffer[] = []
    for await (const part of parts(bytes)) collected.push(part)
    return Buffer.concat(collected)
  }

  async function skip(bytes: number): Promise<void> {
    const passed = parts(bytes)
    while ((await passed.next()).done !== true);
  }

  async function drain(): Promise<void> {
    while (!(await atEnd())) rest = Buffer.alloc(0)
  }

  async function close(): Promise<void> {
    await source.return(undefined)
  }

  return { atEnd, take, skip, parts, drain, close }
}

function damaged(path: string, what: string): AppError {
  return new AppError('bad-file', `${path} cannot be unpacked: ${what}.`, {
    hint: 'Fetch the file again; the copy is damaged or is another file.',
  })
}
