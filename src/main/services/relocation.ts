import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { z } from 'zod'
import type { RunsRepository } from '#main/db/runs-repository'
import { readJson, writeFileAtomic, writeJson } from '#main/files'

/** Where a data folder was when it was last opened to write. */
const Place = z.object({ path: z.string() })

export interface RelocationParts {
  dataFolder: string
  runs: Pick<RunsRepository, 'list' | 'delete'>
  /** makes the index say what the files say */
  rebuildIndex: () => unknown
}

/**
 * A data folder that was moved or copied as a whole. Its files speak of each other by full paths, so that the engine
 * needs no more than the folder of a run; after a move these paths lead nowhere, and are put right here.
 */
export function createRelocation({ dataFolder, runs, rebuildIndex }: RelocationParts) {
  const placeFile = join(dataFolder, 'place.json')

  /** Null for a new folder. Where there is no note, the runs tell. */
  function formerPlace(): string | null {
    const noted = existsSync(placeFile) ? placeOf(placeFile) : null
    if (noted !== null) return noted
    const elsewhere = runs.list().find(({ folder }) => dirname(folder) !== join(dataFolder, 'runs'))
    if (elsewhere === undefined || basename(dirname(elsewhere.folder)) !== 'runs') return null
    return dirname(dirname(elsewhere.folder))
  }

  function hasMoved(): boolean {
    const former = formerPlace()
    return former !== null && former !== dataFolder && !isSameFolder(former, dataFolder)
  }

  return {
    /** Whether the paths in the files are those of another place. */
    hasMoved,

    /**
     * Puts paths right after a move, and notes the place. Call it only as the owner of the data folder. The note comes
     * last, so that an interrupted one begins again.
     */
    settle(): void {
      const former = formerPlace()
      if (former === dataFolder) return
      if (former !== null && hasMoved()) {
        for (const file of ownFiles(dataFolder)) rewritePaths(file, former, dataFolder)
        // Rows of the old place would stay beside the new ones.
        for (const { id } of runs.list()) runs.delete(id)
        rebuildIndex()
      }
      writeJson(placeFile, { path: dataFolder })
    },
  }
}

export type Relocation = ReturnType<typeof createRelocation>

function placeOf(file: string): string | null {
  try {
    return readJson(file, Place).path
  } catch {
    // A damaged note is as good as none.
    return null
  }
}

/** The same folder by another name, through a link for example, has not moved. */
function isSameFolder(one: string, other: string): boolean {
  return existsSync(one) && realpathSync(one) === realpathSync(other)
}

/** The files of a data folder in which there are full paths. */
function ownFiles(dataFolder: string): string[] {
  const runs = foldersIn(join(dataFolder, 'runs'))
  const folders = [dataFolder, join(dataFolder, 'datasets'), join(dataFolder, 'models'), ...runs]
  return folders.flatMap(jsonFilesIn)
}

function jsonFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && entry.name !== 'place.json')
    .map(({ name }) => join(folder, name))
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
}

/** Leaves a file that cannot be read as it is: whoever needs it says what is wrong with it. */
function rewritePaths(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8')
  // In JSON a path's backslashes are doubled.
  if (!text.includes(JSON.stringify(from).slice(1, -1))) return
  const moved = (_: string, value: unknown) =>
    typeof value === 'string' && (value === from || value.startsWith(from + sep))
      ? to + value.slice(from.length)
      : value
  let content: unknown
  try {
    content = JSON.parse(text, moved)
  } catch {
    return
  }
  writeFileAtomic(file, `${JSON.stringify(content, null, 2)}\n`)
}
