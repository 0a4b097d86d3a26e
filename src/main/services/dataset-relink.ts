import { realpath, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, resolve } from 'node:path'
import { AppError } from '#shared/errors'
import type { DatasetImage } from '#shared/schemas/dataset'
import { checkUnchanged, type ChangeReport } from './image-import/fingerprint.ts'
import type { ImportedDataset } from './image-import/import-dataset.ts'
import { eachAtOnce } from './image-import/parallel.ts'
import { counted } from './image-import/problems.ts'

export interface SearchOptions {
  signal?: AbortSignal | undefined
  onDone?: ((done: number) => void) | undefined
}

export interface Relinked {
  base: ImportedDataset
  found: number
  missing: string[]
  /** same name, other content */
  different: string[]
}

/**
 * Looks for the images of a dataset below another folder: each by its path, and the same only if its content is, by
 * size and time, else by size and hash. One image that is the same is enough for the folder to become the root; what is
 * missing or different there is told. Throws `not-found` where there is none, and `dataset-changed` where all differ.
 */
export async function relinkDataset(
  base: ImportedDataset,
  folder: string,
  options: SearchOptions = {},
): Promise<Relinked> {
  const { dataset, images } = base
  const asked = resolve(folder)
  const { root, report } = await bestRoot([asked, join(asked, basename(dataset.root))], images, options)
  const found = images.length - report.missing.length - report.changed.length
  if (found === 0) throw nothingFound(asked, images.length, report)
  const absent = new Set([...report.missing, ...report.changed])
  const moved = {
    ...dataset,
    root: await realpath(root),
    importedFrom: movedPath(dataset.importedFrom, dataset.root, root),
  }
  return {
    base: { dataset: moved, images: await withTimes(root, images, absent, options) },
    found,
    missing: report.missing,
    different: report.changed,
  }
}

/** The first folder in which anything of that name is, else the first. */
async function bestRoot(
  folders: readonly [string, ...string[]],
  images: readonly DatasetImage[],
  options: SearchOptions,
): Promise<{ root: string; report: ChangeReport }> {
  const [root, ...others] = folders
  const report = await checkUnchanged({ root }, images, options)
  const [next, ...rest] = others
  if (next === undefined || report.missing.length < images.length) return { root, report }
  const other = await bestRoot([next, ...rest], images, options)
  return other.report.missing.length < images.length ? other : { root, report }
}

/** A copy may have other times; with those of the copy, later checks need not read every file again. */
async function withTimes(
  root: string,
  images: readonly DatasetImage[],
  absent: ReadonlySet<string>,
  { signal }: SearchOptions,
): Promise<DatasetImage[]> {
  return eachAtOnce(
    images,
    async (image) => {
      if (absent.has(image.path)) return image
      const file = await stat(join(root, image.path)).catch(() => null)
      return { ...image, modified: file?.mtimeMs ?? image.modified }
    },
    { signal },
  )
}

/** A folder or list that was imported from below the old root is now below the new one. */
function movedPath(path: string, oldRoot: string, newRoot: string): string {
  const below = relative(oldRoot, path)
  return below.startsWith('..') || isAbsolute(below) ? path : join(newRoot, below)
}

function nothingFound(folder: string, images: number, { changed }: ChangeReport): AppError {
  if (changed.length > 0)
    return new AppError(
      'dataset-changed',
      `${counted(changed.length, 'image')} below ${folder} have the names but not the content of the dataset's, so it stays where it is.`,
      { hint: 'Choose the folder with the unchanged images, or import this one as a new dataset.' },
    )
  return new AppError(
    'not-found',
    `None of the ${counted(images, 'image')} is below ${folder}, so the dataset stays where it is.`,
    { hint: 'Choose the folder that holds the folders of the classes.' },
  )
}
