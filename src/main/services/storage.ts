import { existsSync, lstatSync } from 'node:fs'
import { lstat, opendir, readdir, rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError } from '#shared/errors'
import type { StoragePart } from '#shared/schemas/machine'
import type { Task } from '#shared/schemas/task'
import { takeLock } from '#main/lock-file'
import type { TaskContext, Tasks } from './tasks.ts'

type Part = StoragePart['part']

export interface StorageParts {
  dataFolder: string
  tasks: Tasks
  /** folders and files of datasets and models: what was sent by a browser may be one */
  placesInUse: () => readonly string[]
  now?: () => number
}

/** What a browser has sent so lately may still grow, or be looked at before it becomes a dataset. */
const UPLOAD_AT_REST_MS = 3_600_000

/** What a download puts below the runtime packs. */
const PACK_DOWNLOADS = join('runtime', 'downloads')

/** Where each part of the data folder is, without what is another part's, and whether it can be emptied without losing work. */
const PARTS: Readonly<
  Record<Part, { names: readonly string[]; without?: readonly string[]; clearable: boolean }>
> = {
  runs: { names: ['runs'], clearable: false },
  datasets: { names: ['datasets'], clearable: false },
  models: { names: ['models'], clearable: false },
  exports: { names: ['exports'], clearable: false },
  index: { names: ['index.sqlite', 'index.sqlite-wal', 'index.sqlite-shm'], clearable: false },
  runtime: { names: ['runtime'], without: [PACK_DOWNLOADS], clearable: false },
  thumbnails: { names: ['thumbnails'], clearable: true },
  uploads: { names: ['uploads'], clearable: true },
  downloads: { names: ['downloads', PACK_DOWNLOADS], clearable: true },
  logs: { names: ['logs'], clearable: true },
}

/** What the program keeps on disk. */
export function createStorage({ dataFolder, tasks, placesInUse, now = Date.now }: StorageParts) {
  const pathsOf = (part: Part) => PARTS[part].names.map((name) => join(dataFolder, name))

  async function measure(part: Part, context: TaskContext): Promise<StoragePart> {
    const without = (PARTS[part].without ?? []).map((name) => join(dataFolder, name))
    const sizes = await Promise.all(pathsOf(part).map((path) => sizeBelow(path, context.signal, without)))
    return {
      part,
      path: pathsOf(part)[0]!,
      bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      files: sizes.reduce((sum, { files }) => sum + files, 0),
      clearable: PARTS[part].clearable,
    }
  }

  /** What may go: all of it, but of what a browser has sent only what is in nobody's use. */
  async function removable(part: Part): Promise<string[]> {
    const entries = (await Promise.all(pathsOf(part).map(entriesOf))).flat()
    if (part !== 'uploads') return entries
    const places = placesInUse()
    return entries.filter((path) => !places.some((place) => isBelow(path, place)) && isAtRest(path))
  }

  function isAtRest(path: string): boolean {
    return now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > UPLOAD_AT_REST_MS
  }

  /** Nobody may be fetching a runtime pack while its files are deleted. */
  async function withoutFetching(part: Part, work: () => Promise<number>): Promise<number> {
    if (part !== 'downloads' || !existsSync(join(dataFolder, PACK_DOWNLOADS))) return await work()
    const lock = takeLock(join(dataFolder, 'runtime', '.lock'), 'emptying the downloads')
    try {
      return await work()
    } finally {
      lock.release()
    }
  }

  async function remove(paths: readonly string[], context: TaskContext): Promise<number> {
    let freedBytes = 0
    for (const [i, path] of paths.entries()) {
      context.signal.throwIfAborted()
      context.progress('Deleting', i, paths.length)
      const { bytes } = await sizeBelow(path, context.signal)
      await rm(path, { recursive: true, force: true })
      freedBytes += bytes
    }
    return freedBytes
  }

  return {
    usage: (): Task =>
      tasks.start('storage', async (context) => {
        const names = Object.keys(PARTS) as Part[]
        const parts: StoragePart[] = []
        for (const [i, part] of names.entries()) {
          context.progress('Measuring the data folder', i, names.length)
          parts.push(await measure(part, context))
        }
        return { kind: 'storage', parts }
      }),

    clear: (part: Part): Task => {
      if (!PARTS[part].clearable)
        throw new AppError(
          'invalid-input',
          `${part} holds work that cannot be made again, so it is not emptied.`,
          {
            hint: 'Delete single runs, datasets, exports or runtime packs where they are listed.',
          },
        )
      return tasks.start('storage-clear', async (context) => {
        const paths = await removable(part)
        return {
          kind: 'storage-clear',
          freedBytes: await withoutFetching(part, () => remove(paths, context)),
        }
      })
    },
  }
}

export type Storage = ReturnType<typeof createStorage>

async function entriesOf(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return []
  return (await readdir(folder)).map((name) => join(folder, name))
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep)
}

/** Bytes and files of a file or folder. A link counts as itself: what it leads to is somebody else's. */
async function sizeBelow(
  path: string,
  signal: AbortSignal,
  without: readonly string[] = [],
): Promise<{ bytes: number; files: number }> {
  signal.throwIfAborted()
  const stats = without.includes(path) ? null : await lstat(path).catch(() => null)
  if (stats === null) return { bytes: 0, files: 0 }
  if (!stats.isDirectory()) return { bytes: stats.size, files: 1 }
  let [bytes, files] = [0, 0]
  for await (const { name } of await opendir(path)) {
    const below = await sizeBelow(join(path, name), signal, without)
    bytes += below.bytes
    files += below.files
  }
  return { bytes, files }
}
