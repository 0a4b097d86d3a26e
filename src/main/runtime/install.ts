import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, statfs, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#shared/errors'
import { writeFileAtomic } from '../files.ts'
import { waitForLock } from '../lock-file.ts'
import { bindingFile } from './binding.ts'
import { compileBinding, type CompileBinding } from './compile.ts'
import { runPaths } from './elf.ts'
import { fetchArchive, localArchives, type CheckedArchive } from './fetch.ts'
import {
  packFolder,
  readPack,
  recordFile,
  runtimeFolder,
  thisPlatform,
  type InstalledPack,
  type PackRecord,
} from './packs.ts'
import { headerFolder, packSource, type PackName, type PackSource } from './sources.ts'
import { unpackTarGz } from './tarball.ts'
import { fileSha256, type UnpackedFile } from './unpack.ts'
import { unpackZip } from './wheel.ts'

/** What the installation is doing. `done` and `total` are bytes, where bytes are what takes the time. */
export interface InstallProgress {
  readonly step: 'wait' | 'fetch' | 'check' | 'unpack' | 'compile' | 'finish'
  readonly text: string
  readonly done?: number
  readonly total?: number
}

/** What somebody has to agree to before a large download. */
export interface DownloadQuestion {
  readonly pack: PackName
  readonly downloadBytes: number
  readonly installedBytes: number
}

export interface InstallRequest {
  readonly pack: PackName
  readonly dataFolder: string
  /** a folder with the pack's files, or its only file: nothing is fetched */
  readonly from?: string | undefined
  /** also when the pack is there and whole */
  readonly reinstall?: boolean | undefined
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined
  /** asked before more than a gigabyte is fetched; without it, the answer is no */
  readonly confirm?: ((question: DownloadQuestion) => Promise<boolean>) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a test replaces: the pinned sources and the compiler. */
export interface InstallParts {
  readonly source: PackSource | undefined
  readonly compile: CompileBinding
}

/** Above this a download needs a person's consent. */
const largeDownload = 1_000_000_000

const stagingPrefix = '.installing-'

/**
 * Installs a runtime pack into the data folder, whole or not at all; a pack that is already there and whole is
 * returned as it is. Two installations at once wait for each other. Fetched files are kept until the pack stands.
 *
 * @throws AppError `invalid-input` for a platform without this pack or a refused download, `disk-full`,
 *   `bad-file` (wrong checksum, damaged archive), `not-found` (`from` is incomplete), `runtime-missing`
 *   (no network, pip or compiler)
 */
export async function installPack(
  request: InstallRequest,
  parts: InstallParts = { source: packSource(request.pack, thisPlatform), compile: compileBinding },
): Promise<InstalledPack> {
  const { source, compile } = parts
  if (source === undefined) throw unsupported(request.pack)
  const folder = runtimeFolder(request.dataFolder)
  const report = request.onProgress ?? (() => undefined)
  const lock = await waitForLock(join(folder, '.lock'), `installing the runtime pack ${request.pack}`, {
    onWait: (reason) => report({ step: 'wait', text: `${reason}; waiting` }),
    signal: request.signal,
  })
  try {
    const present =
      request.reinstall === true ? undefined : wholePack(packFolder(request.dataFolder, request.pack))
    if (present !== undefined) return present
    await removeLeftovers(folder)
    return await install({ ...request, onProgress: report }, source, compile)
  } finally {
    lock.release()
  }
}

/** What has to be asked before a pack is fetched; null where it is small enough, or not for this platform. */
export function downloadQuestion(pack: PackName): DownloadQuestion | null {
  const source = packSource(pack, thisPlatform)
  const question = source === undefined ? null : questionOf(pack, source)
  return question !== null && isLarge(question) ? question : null
}

/** What becomes of an installation whose download nobody has agreed to. */
export function refusedDownload({ pack, downloadBytes }: DownloadQuestion): AppError {
  return new AppError(
    'invalid-input',
    `Runtime pack ${pack} was not installed: ${gigabytes(downloadBytes)} would have to be fetched.`,
    { hint: `To agree beforehand: dplstudio runtime install ${pack} --yes` },
  )
}

async function install(
  request: InstallRequest & { onProgress: (progress: InstallProgress) => void },
  source: PackSource,
  compile: CompileBinding,
): Promise<InstalledPack> {
  const { pack, dataFolder, onProgress, signal } = request
  await checkSpace(dataFolder, source, request.from === undefined)
  const archives = await gatherArchives(request, source)
  const staging = join(runtimeFolder(dataFolder), `${stagingPrefix}${pack}-${randomBytes(4).toString('hex')}`)
  try {
    const files = await unpackAll(archives, staging, source, request)
    signal?.throwIfAborted()
    if (source.binding === 'compile') files.push(await buildBinding(staging, compile, request))
    for (const [path, target] of Object.entries(source.links)) await symlink(target, join(staging, path))
    const record = await describePack(pack, source, { archives, files, staging })
    writeFileAtomic(join(staging, recordFile), `${JSON.stringify(record, null, 2)}\n`)
    signal?.throwIfAborted()
    await replaceFolder(staging, packFolder(dataFolder, pack))
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  await rm(downloadFolder(dataFolder), { recursive: true, force: true })
  onProgress({ step: 'finish', text: `Runtime pack ${pack} is installed in ${packFolder(dataFolder, pack)}` })
  return readPack(packFolder(dataFolder, pack))
}

/** The archives, checked, from a local folder or the network. */
async function gatherArchives(
  request: InstallRequest & { onProgress: (progress: InstallProgress) => void },
  source: PackSource,
): Promise<CheckedArchive[]> {
  const { pack, from, onProgress, signal } = request
  if (from !== undefined) {
    onProgress({ step: 'check', text: `Checking the files in ${from}` })
    return localArchives(from, source.archives, signal)
  }
  const question = questionOf(pack, source)
  const total = question.downloadBytes
  if (isLarge(question) && (await request.confirm?.(question)) !== true) throw refusedDownload(question)
  const archives: CheckedArchive[] = []
  let before = 0
  for (const archive of source.archives) {
    const tell = (bytes: number) =>
      onProgress({ step: 'fetch', text: `Fetching ${archive.file}`, done: before + bytes, total })
    tell(0)
    archives.push(
      await fetchArchive(archive, { downloads: downloadFolder(request.dataFolder), signal, onBytes: tell }),
    )
    before += archive.bytes
  }
  return archives
}

function questionOf(pack: PackName, { archives, installedBytes }: PackSource): DownloadQuestion {
  return { pack, downloadBytes: archives.reduce((sum, { bytes }) => sum + bytes, 0), installedBytes }
}

function isLarge({ downloadBytes }: DownloadQuestion): boolean {
  return downloadBytes >= largeDownload
}

async function unpackAll(
  archives: readonly CheckedArchive[],
  folder: string,
  source: PackSource,
  { onProgress, signal }: Pick<InstallRequest, 'onProgress' | 'signal'>,
): Promise<UnpackedFile[]> {
  await mkdir(folder, { recursive: true })
  const files: UnpackedFile[] = []
  let done = 0
  for (const { archive, path } of archives) {
    const text = `Unpacking ${archive.file}`
    const onBytes = (bytes: number) => {
      signal?.throwIfAborted()
      onProgress?.({ step: 'unpack', text, done: (done += bytes), total: source.installedBytes })
    }
    const unpack = archive.file.endsWith('.tar.gz') ? unpackTarGz : unpackZip
    const unpacked = await unpack(path, { folder, take: archive.take, onBytes })
    if (unpacked.length < archive.entries)
      throw new AppError(
        'bad-file',
        `${path} holds ${unpacked.length} of the ${archive.entries} files needed.`,
        {
          hint: 'It is another version or another package; fetch exactly the file named above.',
        },
      )
    files.push(...unpacked)
  }
  return files
}

async function buildBinding(
  staging: string,
  compile: CompileBinding,
  { onProgress, signal }: InstallRequest,
): Promise<UnpackedFile> {
  onProgress?.({ step: 'compile', text: 'Compiling the binding (5 to 20 s)' })
  const headers = join(staging, headerFolder)
  const output = join(staging, bindingFile)
  await compile({ headers, libraries: join(staging, 'deps', 'lib'), output, signal })
  await rm(headers, { recursive: true })
  const { size } = await stat(output)
  return { path: bindingFile.replaceAll('\\', '/'), bytes: size, sha256: await fileSha256(output) }
}

async function describePack(
  pack: PackName,
  source: PackSource,
  made: { archives: readonly CheckedArchive[]; files: readonly UnpackedFile[]; staging: string },
): Promise<PackRecord> {
  return {
    format: 1,
    pack,
    platform: thisPlatform,
    tensorflow: source.tensorflow,
    binding: '4.22.0',
    installedAt: new Date().toISOString(),
    archives: made.archives.map(({ archive, sha256 }) => ({
      file: archive.file,
      sha256,
      pinned: archive.sha256 !== null,
    })),
    files: made.files.filter(({ path }) => !path.startsWith(`${headerFolder}/`)),
    libraryPath: await missingRunPaths(made.staging),
  }
}

/** Folders of CUDA libraries that TensorFlow's own run path does not name. */
async function missingRunPaths(staging: string): Promise<string[]> {
  const nvidia = join(staging, 'deps', 'nvidia')
  if (!existsSync(nvidia)) return []
  const known = await runPaths(join(staging, 'deps', 'lib', 'libtensorflow_framework.so.2'))
  if (known.some((path) => path.startsWith('$ORIGIN/../nvidia/'))) return []
  return readdirSync(nvidia).map((library) => `deps/nvidia/${library}/lib`)
}

/** Renames the new pack into place; the old one is out of the way for an instant only. */
async function replaceFolder(staging: string, folder: string): Promise<void> {
  const old = `${staging}-old`
  const replaced = existsSync(folder)
  if (replaced) await rename(folder, old)
  await rename(staging, folder)
  if (replaced) await rm(old, { recursive: true, force: true })
}

async function checkSpace(dataFolder: string, source: PackSource, isDownload: boolean): Promise<void> {
  const { bavail, bsize } = await statfs(runtimeFolder(dataFolder))
  const download = source.archives.reduce((total, { bytes }) => total + bytes, 0)
  const needed = source.installedBytes + (isDownload ? download : 0)
  if (bavail * bsize >= needed) return
  throw new AppError(
    'disk-full',
    `${gigabytes(needed)} are needed in ${dataFolder}, and ${gigabytes(bavail * bsize)} are free.`,
    { hint: 'Free some space or choose another data folder (--data-dir).' },
  )
}

/** Staging folders of installations that were killed: the lock says that nobody works on them. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(stagingPrefix)) await rm(join(folder, name), { recursive: true, force: true })
}

function wholePack(folder: string): InstalledPack | undefined {
  try {
    return readPack(folder)
  } catch {
    // Damaged or not there: it is installed anew.
    return undefined
  }
}

function downloadFolder(dataFolder: string): string {
  return join(runtimeFolder(dataFolder), 'downloads')
}

function unsupported(pack: PackName): AppError {
  return new AppError('invalid-input', `There is no runtime pack ${pack} for ${thisPlatform}.`, {
    hint: 'cpu and cuda12 need Linux on an x64 processor; official also serves Windows on x64.',
  })
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
