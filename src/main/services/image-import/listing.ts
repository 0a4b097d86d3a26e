import { posix } from 'node:path'
import type { DatasetSource, Split } from '#shared/schemas/dataset'
import type { ProblemLog } from './problems.ts'

/** An image as its source names it; the file has not been looked at. */
export interface ListedImage {
  /** below the root, POSIX separators */
  path: string
  label: number
  /** null: the source does not say */
  split: Split | null
}

export interface ListedClass {
  name: string
  prompt: string
  folder: string | null
}

/** What a source says, before any image was opened. The order of `images` is the source's. */
export interface Listing {
  source: DatasetSource
  /** absolute, without symbolic links */
  root: string
  /** the source's own name of the dataset, if it has one */
  name: string | null
  classes: ListedClass[]
  images: ListedImage[]
}

/** What every reader of a source gets besides the source. */
export interface ReadContext {
  log: ProblemLog
  signal: AbortSignal | undefined
  /** called with the number of files seen so far */
  onFiles: (count: number) => void
}

const SPLIT_NAMES = new Map<string, Split>([
  ['train', 'train'],
  ['training', 'train'],
  ['trn', 'train'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['validation', 'validation'],
  ['dev', 'validation'],
  ['test', 'test'],
  ['testing', 'test'],
  ['tst', 'test'],
])

/** The split that a folder or a cell of a table means, or null. */
export function splitNamed(name: string): Split | null {
  return SPLIT_NAMES.get(name.trim().toLowerCase()) ?? null
}

/** The words for a class in a template: its name without underscores. */
export function promptFor(className: string): string {
  return className.replaceAll('_', ' ').replace(/\s+/g, ' ').trim() || className
}

/**
 * A path from a list, made relative to `root` with POSIX separators; null where it leads out of it.
 * Judges the text alone: links are judged when the file is opened.
 */
export function pathBelow(root: string, path: string): string | null {
  const separators = path.includes('/') ? path : path.replaceAll('\\', '/')
  const prefix = `${root.replaceAll('\\', '/').replace(/\/+$/, '')}/`
  const relative = separators.startsWith(prefix) ? separators.slice(prefix.length) : separators
  const normal = posix.normalize(relative)
  const leadsOut = normal.startsWith('/') || normal === '..' || normal.startsWith('../')
  if (leadsOut || normal === '.' || normal.includes('\0') || /^[a-z]:/i.test(normal)) return null
  return normal
}
