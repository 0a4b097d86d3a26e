import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs'
import { mkdir, rename, statfs } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#shared/errors'

/** A file to be fetched. */
export interface Download {
  readonly url: string
  /** where it goes once it is complete and right */
  readonly path: string
  /** where it grows; what is there is continued */
  readonly partial: string
  /** hexadecimal; null: whatever comes is taken */
  readonly sha256: string | null
  readonly signal?: AbortSignal | undefined
  /** bytes that have come, those of earlier attempts included, and in all as far as the server tells */
  readonly onBytes?: ((done: number, total: number | null) => void) | undefined
}

/**
 * The one place from which this program asks another machine for anything; the package index alone is asked by the
 * user's own pip. Goes on where an interrupted download ended, if the server can. A file that is not the expected one
 * is kept as `partial`, never used, and fetched anew the next time.
 *
 * @throws AppError `disk-full` before anything is fetched, `bad-file` for a wrong checksum, `not-found` when the
 *   server cannot be reached or has no such file
 */
export async function download(request: Download): Promise<void> {
  const { url, path, partial, sha256, signal } = request
  await mkdir(dirname(partial), { recursive: true })
  await mkdir(dirname(path), { recursive: true })
  try {
    await fetchRest(request)
  } catch (thrown) {
    if (signal?.aborted === true || isForUser(thrown)) throw thrown
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
    throw new AppError(
      'not-found',
      `${url} cannot be fetched: ${reason(cause)}. What has come so far is kept.`,
      {
        hint: `Try again when the network is back, or fetch ${basename(path)} on another machine and bring it here.`,
        cause: thrown,
      },
    )
  }
  const found = sha256 === null ? null : await digestOf(partial, signal)
  if (found !== sha256) {
    await rename(partial, `${partial}.wrong`)
    throw new AppError(
      'bad-file',
      `${basename(path)} is not the file that was expected: SHA-256 ${found ?? ''}.`,
      {
        hint: `It was not used. Expected is ${sha256 ?? ''}; try again, or bring the file from elsewhere.`,
      },
    )
  }
  await rename(partial, path)
}

/** Bytes of an interrupted download that can be continued. */
export function partialBytes(partial: string): number {
  return statSync(partial, { throwIfNoEntry: false })?.size ?? 0
}

async function fetchRest({ url, partial, signal, onBytes }: Download): Promise<void> {
  const before = partialBytes(partial)
  const response = await fetch(url, {
    headers: before > 0 ? { Range: `bytes=${before}-` } : {},
    ...(signal && { signal }),
  })
  // Nothing is left of the file: it had come whole and was interrupted before it was checked.
  if (response.status === 416 && before > 0) return
  if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`)
  const continues = response.status === 206
  const start = continues ? before : 0
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  const total = Number.isFinite(length) ? start + length : null
  if (total !== null) await requireSpace(partial, total - start)
  let done = start
  const count = new Transform({
    transform(chunk: Buffer, _, next) {
      done += chunk.length
      onBytes?.(done, total)
      next(null, chunk)
    },
  })
  await pipeline(
    Readable.fromWeb(response.body),
    count,
    createWriteStream(partial, { flags: continues ? 'a' : 'w' }),
    ...(signal ? [{ signal }] : []),
  )
  if (total !== null && done < total) throw new Error('the connection ended early')
}

async function requireSpace(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path))
  const free = bavail * bsize
  if (free >= bytes) return
  throw new AppError(
    'disk-full',
    `${(bytes / 1e6).toFixed(0)} MB are needed in ${dirname(path)}, and ${(free / 1e6).toFixed(0)} MB are free. Nothing was fetched.`,
    { hint: 'Free some space, or choose another data folder (--data-dir).' },
  )
}

async function digestOf(path: string, signal: AbortSignal | undefined): Promise<string | null> {
  if (!existsSync(path)) return null
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, ...(signal ? [{ signal }] : []))
  return hash.digest('hex')
}

function isForUser(thrown: unknown): boolean {
  return AppError.from(thrown).code !== 'internal'
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
