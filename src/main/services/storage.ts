import { existsSync, rmSync } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError } from '#shared/errors'
import type { StoragePart } from '#shared/schemas/machine'
import type { Task } from '#shared/schemas/task'
import type { TaskContext, Tasks } from './tasks.ts'

type Part = StoragePart['part']

export interface StorageParts {
  dataFolder: string
  tasks: Tasks
  /** roots of the datasets: what was sent by a browser may be one */
  datasetRoots: () => readonly string[]
}

/** Where each part of the data folder is, and whether it can be emptied without losing work. */
const PARTS: Readonly<Record<Part, { names: readonly string[]; clearable: boolean }>> = {
  runs: { names: ['runs'], clearable: false },
  datasets: { names: ['datasets'], clearable: false },
  models: { names: ['models'], clearable: false },
  exports: { names: ['exports'], clearable: false },
  index: { names: ['index.sqlite', 'index.sqlite-wal', 'index.sqlite-shm'], clearable: false },
  runtime: { names: ['runtime'], clearable: false },
  thumbnails: { names: ['thumbnails'], clearable: true },
  uploads: { names: ['uploads'], clearable: true },
  downloads: { names: ['downloads'], clearable: true },
  logs: { names: ['logs'], clearable: true },
}

/** What the program keeps on disk. */
export function createStorage({ dataFolder, tasks, datasetRoots }: StorageParts) {
  const pathsOf = (part: Part) => PARTS[part].names.map((name) => join(dataFolder, name))

  async function measure(part: Part, context: TaskContext): Promise<StoragePart> {
    const sizes = await Promise.all(pathsOf(part).map((path) => sizeBelow(path, context.signal)))
    return {
      part,
      path: pathsOf(part)[0]!,
      bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      files: sizes.reduce((sum, { files }) => sum + files, 0),
      clearable: PARTS[part].clearable,
    }
  }

  /** What may go: all of it, but of what a browser has sent only what is no dataset's. */
  async function removable(part: Part): Promise<string[]> {
    const [folder] = pathsOf(part) as [string]
    if (!existsSync(folder)) return []
    const entries: string[] = []
    for await (const { name } of await opendir(folder)) entries.push(join(folder, name))
    const roots = datasetRoots()
    return part === 'uploads'
      ? entries.filter((path) => !roots.some((root) => root === path || root.startsWith(path + sep)))
      : entries
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
        let freedBytes = 0
        for (const [i, path] of paths.entries()) {
          context.signal.throwIfAborted()
          context.progress('Deleting', i, paths.length)
          const { bytes } = await sizeBelow(path, context.signal)
          rmSync(path, { recursive: true, force: true })
          freedBytes += bytes
        }
        return { kind: 'storage-clear', freedBytes }
      })
    },
  }
}

export type Storage = ReturnType<typeof createStorage>

/** Bytes and files of a file or folder. A link counts as itself: what it leads to is somebody else's. */
async function sizeBelow(path: string, signal: AbortSignal): Promise<{ bytes: number; files: number }> {
  signal.throwIfAborted()
  const stats = await lstat(path).catch(() => null)
  if (stats === null) return { bytes: 0, files: 0 }
  if (!stats.isDirectory()) return { bytes: stats.size, files: 1 }
  let [bytes, files] = [0, 0]
  for await (const { name } of await opendir(path)) {
    const below = await sizeBelow(join(path, name), signal)
    bytes += below.bytes
    files += below.files
  }
  return { bytes, files }
}
