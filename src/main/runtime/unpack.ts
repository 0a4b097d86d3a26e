import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { pipeline, type Transform } from 'node:stream'
import { AppError } from '#shared/errors'

/** A file of an installed pack. `path` is relative to the pack's folder, with forward slashes. */
export interface UnpackedFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** Where an archive's entries go, and who is told how many bytes were written. */
export interface UnpackTarget {
  readonly folder: string
  /** Destination of an entry, relative to `folder`; null to leave it out. */
  readonly take: (entry: string) => string | null
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * Writes one entry, durably, and says what was written. The parts must not be touched afterwards.
 *
 * @throws AppError `bad-file` when the destination would lie outside the folder
 */
export async function writeEntry(
  parts: AsyncIterable<Uint8Array>,
  { folder, onBytes }: UnpackTarget,
  path: string,
): Promise<UnpackedFile> {
  const destination = resolve(folder, path)
  if (!destination.startsWith(resolve(folder) + sep))
    throw new AppError('bad-file', `The archive wants to write outside its folder: ${path}`)
  await mkdir(dirname(destination), { recursive: true })
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(destination, 'wx', path.includes('/bin/') ? 0o755 : 0o644)
  try {
    for await (const part of parts) {
      hash.update(part)
      bytes += part.length
      await writeAll(file, part)
      onBytes?.(part.length)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { path, bytes, sha256: hash.digest('hex') }
}

async function writeAll(
  file: { write(part: Uint8Array): Promise<{ bytesWritten: number }> },
  part: Uint8Array,
) {
  for (let rest = part; rest.length > 0;) rest = rest.subarray((await file.write(rest)).bytesWritten)
}

/** The bytes `start` to `end`, exclusive, of a file. */
export interface FilePart {
  readonly path: string
  readonly start: number
  readonly end: number
}

/**
 * Reads part of a file, through a decompressor where one is given. Nothing is opened before the first byte is
 * asked for, and everything is closed when the reader stops, at the end or before it.
 */
export async function* readPart(
  { path, start, end }: FilePart,
  decompressor?: () => Transform,
): AsyncGenerator<Buffer> {
  if (end <= start) return
  const source = createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 20 })
  // The callback's errors are those that the iteration throws.
  const content = decompressor === undefined ? source : pipeline(source, decompressor(), () => undefined)
  yield* content as AsyncIterable<Buffer>
}

/** SHA-256 of a file, in hexadecimal. */
export async function fileSha256(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
    hash.update(part)
    onBytes?.(part.length)
  }
  return hash.digest('hex')
}

/** Whether an entry's name stays below the folder it is unpacked into, on every platform. */
export function isSafeName(name: string): boolean {
  return (
    name !== '' &&
    !name.startsWith('/') &&
    !/[\\\0]/.test(name) &&
    !/^[A-Za-z]:/.test(name) &&
    !name.split('/').includes('..')
  )
}
