import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { bindingFile } from './binding.ts'
import { PackName, packSource, packTitles } from './sources.ts'
import { fileSha256 } from './unpack.ts'

/** `runtime.json` in a pack's folder: what it is made of, written last. */
export const PackRecord = z.strictObject({
  format: z.literal(1),
  pack: PackName,
  platform: z.string(),
  tensorflow: z.string(),
  binding: z.string(),
  installedAt: z.iso.datetime(),
  /** `pinned`: the checksum was known beforehand; otherwise it is the one found at installation */
  archives: z.array(z.strictObject({ file: z.string(), sha256: z.string(), pinned: z.boolean() })),
  files: z.array(
    z.strictObject({ path: z.string(), bytes: z.number().int().nonnegative(), sha256: z.string() }),
  ),
  /** folders the loader would not find by itself, relative to the pack; normally none */
  libraryPath: z.array(z.string()),
})
export type PackRecord = z.infer<typeof PackRecord>

export interface InstalledPack {
  readonly name: PackName
  readonly folder: string
  readonly record: PackRecord
}

/** One line of `dplstudio runtime list`. */
export interface PackState {
  readonly name: PackName
  readonly title: string
  /** there is a source for this platform */
  readonly available: boolean
  readonly downloadBytes: number
  readonly installedBytes: number
  readonly folder: string
  readonly installed: InstalledPack | null
  /** why what lies in the folder cannot be used */
  readonly problem: string | null
}

/** Name of this machine among platforms, for example `linux-x64`. Linux without the GNU C library is another platform. */
export const thisPlatform = `${process.platform}${isMusl() ? 'musl' : ''}-${process.arch}`

function isMusl(): boolean {
  return (
    process.platform === 'linux' &&
    existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`)
  )
}

export const recordFile = 'runtime.json'

/** The folder of all packs of a data folder. */
export function runtimeFolder(dataFolder: string): string {
  return join(dataFolder, 'runtime')
}

/** Where a pack lives once installed. */
export function packFolder(dataFolder: string, pack: PackName, platform = thisPlatform): string {
  return join(runtimeFolder(dataFolder), `${pack}-${platform}`)
}

/** Every pack there is, installed or not. */
export function listPacks(dataFolder: string): PackState[] {
  return PackName.options.map((name) => {
    const source = packSource(name, thisPlatform)
    const folder = packFolder(dataFolder, name)
    const { installed, problem } = inspect(folder)
    return {
      name,
      title: packTitles[name],
      available: source !== undefined,
      downloadBytes: source?.archives.reduce((total, { bytes }) => total + bytes, 0) ?? 0,
      installedBytes: source?.installedBytes ?? 0,
      folder,
      installed,
      problem,
    }
  })
}

/**
 * The pack to use: `DPLSTUDIO_RUNTIME` (a pack's folder), else the preferred one, else `cuda12` or `official`
 * where there is an NVIDIA card and `cpu` where there is none, else whatever is installed.
 *
 * @throws AppError `runtime-missing` when nothing usable is installed
 */
export function findPack(
  dataFolder: string,
  preference?: PackName,
  { env = process.env, hasNvidia = hasNvidiaDriver() } = {},
): InstalledPack {
  const chosen = env['DPLSTUDIO_RUNTIME']
  if (chosen !== undefined && chosen !== '') return readPack(resolve(chosen))
  if (preference !== undefined) return readPack(packFolder(dataFolder, preference))
  const order: PackName[] = hasNvidia ? ['cuda12', 'official', 'cpu'] : ['cpu', 'cuda12', 'official']
  const problems: string[] = []
  for (const name of order) {
    const { installed, problem } = inspect(packFolder(dataFolder, name))
    if (installed !== null) return installed
    if (problem !== null) problems.push(`\n${problem}`)
  }
  throw new AppError(
    'runtime-missing',
    `No usable TensorFlow runtime is installed in ${runtimeFolder(dataFolder)}.${problems.join('')}`,
    {
      hint: installHint(hasNvidia ? 'cuda12' : 'cpu'),
    },
  )
}

/**
 * Reads an installed pack and checks that all its files are there in full length.
 *
 * @throws AppError `runtime-missing` when there is none, `bad-file` when it is damaged
 */
export function readPack(folder: string): InstalledPack {
  const path = join(folder, recordFile)
  if (!existsSync(path))
    throw new AppError('runtime-missing', `No runtime pack in ${folder}.`, { hint: installHint('cpu') })
  const record = parseRecord(path)
  for (const { path, bytes } of record.files) {
    const found = statSync(join(folder, path), { throwIfNoEntry: false })?.size
    if (found !== bytes)
      throw new AppError(
        'bad-file',
        `${join(folder, path)} is ${found ?? 'missing; it had'} of ${bytes} bytes.`,
        {
          hint: `Repair the pack: dplstudio runtime install ${record.pack} --reinstall`,
        },
      )
  }
  return { name: record.pack, folder, record }
}

/** Compares every file of a pack with the checksum recorded at installation. Returns what is wrong; nothing when all is well. */
export async function verifyPack(
  { folder, record }: InstalledPack,
  onBytes?: (bytes: number) => void,
): Promise<string[]> {
  const problems: string[] = []
  for (const { path, bytes, sha256 } of record.files) {
    const file = join(folder, path)
    const found = statSync(file, { throwIfNoEntry: false })?.size
    if (found === undefined) problems.push(`${path} is missing`)
    else if (found !== bytes) problems.push(`${path} has ${found} bytes instead of ${bytes}`)
    else if ((await fileSha256(file, onBytes)) !== sha256)
      problems.push(`${path} has changed since installation`)
  }
  if (!existsSync(join(folder, bindingFile))) problems.push(`${bindingFile} is missing`)
  return problems
}

/** Whether NVIDIA's driver has registered a card; asks the kernel, not a program that may take seconds. */
export function hasNvidiaDriver(): boolean {
  return existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')
}

function inspect(folder: string): { installed: InstalledPack | null; problem: string | null } {
  try {
    return { installed: readPack(folder), problem: null }
  } catch (thrown) {
    const error = AppError.from(thrown)
    return { installed: null, problem: error.code === 'runtime-missing' ? null : error.message }
  }
}

function parseRecord(path: string): PackRecord {
  try {
    return PackRecord.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (thrown) {
    throw new AppError('bad-file', `${path} is not the record of a runtime pack.`, {
      hint: 'Install the pack again: dplstudio runtime install <pack> --reinstall',
      cause: thrown,
    })
  }
}

function installHint(pack: PackName): string {
  return `Install one: dplstudio runtime install ${pack}. Without a network, add --from <folder with the files>.`
}
