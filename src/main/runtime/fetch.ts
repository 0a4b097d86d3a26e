import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '#shared/errors'
import { download } from '#main/network/download'
import type { Archive } from './sources.ts'
import { lastLines, runTool, type ToolResult } from './tool.ts'
import { fileSha256 } from './unpack.ts'

/** An archive on disk whose content has been checked. */
export interface CheckedArchive {
  readonly archive: Archive
  readonly path: string
  readonly sha256: string
}

export interface FetchOptions {
  /** keeps what was fetched, so that a broken installation does not fetch it again */
  readonly downloads: string
  readonly signal?: AbortSignal | undefined
  /** bytes of this archive on disk so far */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * Finds all archives in a folder, or the only archive as a file, and checks them.
 *
 * @throws AppError `not-found` naming every missing file, `bad-file` for a wrong checksum
 */
export async function localArchives(
  from: string,
  archives: readonly Archive[],
  signal?: AbortSignal,
): Promise<CheckedArchive[]> {
  const found = archives.map((archive) => ({ archive, path: localPath(from, archive, archives.length) }))
  const missing = found.filter(({ path }) => !existsSync(path) || !statSync(path).isFile())
  if (missing.length > 0)
    throw new AppError(
      'not-found',
      `${from} does not hold ${missing.map(({ archive }) => archive.file).join(', ')}.`,
      {
        hint: `On a machine with a network: ${missing.map(({ archive }) => fetchCommand(archive)).join(' && ')}`,
      },
    )
  const checked: CheckedArchive[] = []
  for (const { archive, path } of found) {
    signal?.throwIfAborted()
    checked.push(await checkArchive(path, archive))
  }
  return checked
}

/** Fetches an archive, unless an earlier attempt has left it complete in the download folder. */
export async function fetchArchive(archive: Archive, options: FetchOptions): Promise<CheckedArchive> {
  const path = join(options.downloads, archive.file)
  if (existsSync(path)) {
    const kept = await checkArchive(path, archive).catch(() => undefined)
    if (kept !== undefined) return kept
    await rm(path)
  }
  await mkdir(options.downloads, { recursive: true })
  if ('pip' in archive.origin) await pipDownload(archive, archive.origin.pip, options)
  else await httpDownload(archive, archive.origin.url, path, options)
  return checkArchive(path, archive)
}

/**
 * Compares an archive with its pinned checksum; without one, says what its checksum is.
 *
 * @throws AppError `bad-file`
 */
export async function checkArchive(path: string, archive: Archive): Promise<CheckedArchive> {
  const sha256 = await fileSha256(path)
  if (archive.sha256 !== null && sha256 !== archive.sha256) {
    const { size } = statSync(path)
    const what =
      size < archive.bytes
        ? `has ${size} of ${archive.bytes} bytes: it has been cut short`
        : `is not the file that was pinned: SHA-256 ${sha256} instead of ${archive.sha256}`
    throw new AppError('bad-file', `${path} ${what}.`, {
      hint: `Remove it and fetch it again: ${fetchCommand(archive)}`,
    })
  }
  return { archive, path, sha256 }
}

function localPath(from: string, archive: Archive, count: number): string {
  const isFile = existsSync(from) && statSync(from).isFile()
  return isFile && count === 1 ? from : join(from, archive.file)
}

/** What a person types on a machine with a network. */
function fetchCommand(archive: Archive): string {
  if ('url' in archive.origin) return `curl -LO ${archive.origin.url}`
  return `python3 -m pip ${pipArguments(archive, archive.origin.pip).join(' ')}`
}

/** The platform tags are the end of the wheel's own name. */
function pipArguments({ file }: Archive, requirement: string): string[] {
  const [tag, abi, platforms] = basename(file, '.whl').split('-').slice(-3) as [string, string, string]
  const exact = tag.startsWith('cp')
    ? ['--python-version', '3.11', '--abi', abi]
    : ['--python-version', '3.11']
  return [
    ...['download', '--no-deps', '--only-binary=:all:', '--implementation', 'cp', ...exact],
    ...platforms.split('.').flatMap((platform) => ['--platform', platform]),
    requirement,
  ]
}

/** The user's own pip: it knows their mirror, proxy and certificates. */
async function pipDownload(archive: Archive, requirement: string, options: FetchOptions): Promise<void> {
  const quiet = [
    '--disable-pip-version-check',
    '--no-cache-dir',
    '--no-input',
    '--progress-bar',
    'off',
    '--retries',
    '2',
  ]
  const args = [...pipArguments(archive, requirement), ...quiet, '-d', options.downloads]
  // pip collects in its temporary folder, which may be small and on another disk.
  const partial = join(options.downloads, `.pip-${process.pid}`)
  await mkdir(partial, { recursive: true })
  const watch = setInterval(() => options.onBytes?.(folderBytes(partial)), 1000)
  try {
    const env = { ...process.env, TMPDIR: partial, TEMP: partial, TMP: partial }
    const result = await runPip(args, { env, signal: options.signal })
    if (result.code !== 0) throw pipError(archive, result)
    if (!existsSync(join(options.downloads, archive.file)))
      throw pipError(archive, { ...result, stderr: 'It gave another file.' })
  } finally {
    clearInterval(watch)
    await rm(partial, { recursive: true, force: true })
  }
}

async function runPip(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; signal: AbortSignal | undefined },
): Promise<ToolResult> {
  const ways = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']] as const
  for (const [command, ...before] of ways) {
    const result = await runTool(command, [...before, ...args], options)
    if (!result.missing && !/No module named '?pip/.test(result.stderr)) return result
  }
  return { code: null, missing: true, stdout: '', stderr: '' }
}

function pipError(archive: Archive, { missing, stderr }: ToolResult): AppError {
  const byHand = `or copy ${archive.file} into a folder and install with --from <folder>`
  if (missing)
    return new AppError(
      'runtime-missing',
      `${archive.file} comes from the Python package index, and there is no pip.`,
      {
        hint: `Install Python with pip (Debian, Ubuntu: apt install python3-pip), ${byHand}.`,
      },
    )
  if (/No space left|Disk quota/i.test(stderr))
    return new AppError('disk-full', `The disk is full: ${archive.file} has ${archive.bytes} bytes.`, {
      hint: 'Free some space or choose another data folder (--data-dir).',
    })
  const offline =
    /NewConnectionError|name resolution|getaddrinfo|unreachable|ConnectTimeout|ProxyError|SSLError/i
  const what = offline.test(stderr) ? 'cannot reach the package index' : 'failed'
  return new AppError(
    'runtime-missing',
    `pip ${what} while fetching ${archive.file}:\n${lastLines(stderr, 3)}`,
    {
      hint: `Check the network, proxy or mirror (pip config list), ${byHand}.`,
    },
  )
}

/** pip's file grows in a folder of random name. */
function folderBytes(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((total, { parentPath, name }) => total + statSync(join(parentPath, name)).size, 0)
  } catch {
    // Files come and go while pip works.
    return 0
  }
}

async function httpDownload(
  { sha256 }: Archive,
  url: string,
  path: string,
  { signal, onBytes }: FetchOptions,
): Promise<void> {
  try {
    await download({ url, path, partial: `${path}.part`, sha256, signal, onBytes })
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code !== 'not-found') throw thrown
    throw new AppError('runtime-missing', error.message, {
      hint: `Check the network, or copy ${basename(path)} into a folder and install with --from <folder>.`,
      cause: thrown,
    })
  }
}
