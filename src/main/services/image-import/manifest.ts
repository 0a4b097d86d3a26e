import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import type { Split } from '#shared/schemas/dataset'
import {
  pathBelow,
  promptFor,
  splitNamed,
  type ListedClass,
  type ListedImage,
  type Listing,
  type ReadContext,
} from './listing.ts'
import { counted, quoted } from './problems.ts'

/** Headers of a table by hand, where ours do not fit. */
export interface ManifestColumns {
  path: string
  label: string
  split?: string | undefined
}

/** A list of images with their classes, from CSV or JSON alike. */
export interface Manifest {
  name: string | null
  /** declared classes in the order of their labels; empty where the entries alone name them */
  classes: ListedClass[]
  entries: { path: string; label: string; split: string }[]
}

/** What a column may be called, compared without case, spaces and underscores; the first that is there counts. */
const HEADERS = {
  path: [
    'path',
    'file',
    'filename',
    'filepath',
    'image',
    'imagepath',
    'imagefile',
    'img',
    'imgpath',
    'picture',
  ],
  label: ['classname', 'class', 'category', 'label', 'labelname', 'labels', 'target', 'species', 'y'],
  split: ['split', 'subset', 'set', 'partition', 'usage'],
}
const IMAGE_NAME = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i

/** Reads a table with a header, or with bare columns path, class[, split]. Null: it is no list of images. */
export function parseCsvManifest(text: string, columns?: ManifestColumns): Manifest | null {
  const rows = parseTable(text)
  const [header = []] = rows
  const found = columns === undefined ? knownColumns(header) : namedColumns(header, columns)
  const isBare = found === null && header.length >= 2 && IMAGE_NAME.test(header[0]!)
  if (found === null && !isBare) return null
  const { path, label, split } = found ?? { path: 0, label: 1, split: 2 }
  const entries = (isBare ? rows : rows.slice(1)).map((row) => ({
    path: row[path] ?? '',
    label: (row[label] ?? '').trim(),
    split: (row[split] ?? '').trim(),
  }))
  return { name: null, classes: [], entries: entries.filter((entry) => entry.path !== '') }
}

const Text = z.union([z.string(), z.number().transform(String)])
const JsonClass = z.object({
  name: z.string().min(1),
  dir: z.string().optional(),
  folder: z.string().optional(),
  prompt: z.string().min(1).optional(),
})
const ClassName = z
  .string()
  .min(1)
  .transform((name): z.infer<typeof JsonClass> => ({ name }))
const JsonManifest = z.object({
  name: z.string().min(1).optional(),
  classes: z.array(z.union([ClassName, JsonClass])).default([]),
  items: z.array(z.record(z.string(), z.unknown())).min(1),
})

/** Reads `{ classes, items: [{ file, class, split }] }`, or a bare array of items. Null: it is no list of images. */
export function parseJsonManifest(json: unknown, columns?: ManifestColumns): Manifest | null {
  const parsed = JsonManifest.safeParse(Array.isArray(json) ? { items: json } : json)
  if (!parsed.success) return null
  const { name = null, classes, items } = parsed.data
  const keys = [...new Set(items.flatMap((item) => Object.keys(item)))]
  const found = columns === undefined ? knownColumns(keys) : namedColumns(keys, columns)
  if (found === null) return null
  const cell = (item: Record<string, unknown>, column: number) =>
    Text.safeParse(column < 0 ? '' : item[keys[column]!]).data ?? ''
  return {
    name,
    classes: classes.map(({ name: className, dir, folder, prompt }) => ({
      name: className,
      prompt: prompt ?? promptFor(className),
      folder: dir ?? folder ?? null,
    })),
    entries: items.map((item) => ({
      path: cell(item, found.path),
      label: cell(item, found.label),
      split: cell(item, found.split),
    })),
  }
}

/** Turns names into labels. A class is known by its name, its folder or, where classes are declared, its number. */
export function listManifest(
  manifest: Manifest,
  root: string,
  { log }: ReadContext,
): Pick<Listing, 'classes' | 'images'> {
  const classes = manifest.classes.length > 0 ? manifest.classes : classesNamedIn(manifest)
  const labels = new Map<string, number>()
  classes.forEach((_, label) => labels.set(String(label), label))
  classes.forEach(({ folder }, label) => folder !== null && labels.set(folder, label))
  classes.forEach(({ name }, label) => labels.set(name, label))

  const unknownSplits = new Map<string, string[]>()
  const images: ListedImage[] = []
  for (const entry of manifest.entries) {
    const path = pathBelow(root, entry.path)
    const label = labels.get(entry.label)
    if (path === null) log.add('outside-root', `${quoted(entry.path)} leads out of the folder.`, [entry.path])
    else if (label === undefined) log.add('no-class', noClass(entry), [path])
    else images.push({ path, label, split: splitOf(entry.split, path, unknownSplits) })
  }
  for (const [name, paths] of unknownSplits)
    log.add('unknown-split', `${quoted(name)} is no split; ${counted(paths.length, 'image')} have it.`, paths)
  return { classes, images }
}

function noClass({ path, label }: { path: string; label: string }): string {
  return label === ''
    ? `The list gives no class for ${quoted(path)}.`
    : `${quoted(path)} is of class ${quoted(label)}, which the list does not declare.`
}

function splitOf(name: string, path: string, unknown: Map<string, string[]>): Split | null {
  const split = splitNamed(name)
  if (split !== null || name === '') return split
  const paths = unknown.get(name)
  if (paths === undefined) unknown.set(name, [path])
  else paths.push(path)
  return null
}

function classesNamedIn({ entries }: Manifest): ListedClass[] {
  const names = [...new Set(entries.map(({ label }) => label))].filter((name) => name !== '')
  const areNumbers = names.every((name) => /^\d+$/.test(name))
  names.sort(areNumbers ? (a, b) => Number(a) - Number(b) : undefined)
  return names.map((name) => ({ name, prompt: promptFor(name), folder: null }))
}

interface ColumnNumbers {
  path: number
  label: number
  /** -1: there is none */
  split: number
}

function knownColumns(header: readonly string[]): ColumnNumbers | null {
  const plain = header.map((cell) => cell.toLowerCase().replace(/[\s_-]/g, ''))
  const column = (names: readonly string[]) =>
    plain.indexOf(names.find((name) => plain.includes(name)) ?? '\0')
  const [path, label, split] = [column(HEADERS.path), column(HEADERS.label), column(HEADERS.split)]
  return path < 0 || label < 0 ? null : { path, label, split }
}

function namedColumns(header: readonly string[], columns: ManifestColumns): ColumnNumbers {
  const column = (name: string) => {
    const index = header.indexOf(name)
    if (index >= 0) return index
    throw new AppError(
      'invalid-input',
      `The list has no column ${quoted(name)}, so it cannot be read as asked.`,
      {
        hint: `Its columns are: ${header.map(quoted).join(', ')}.`,
      },
    )
  }
  const { path, label, split } = columns
  return { path: column(path), label: column(label), split: split === undefined ? -1 : column(split) }
}

function parseTable(text: string): string[][] {
  const firstLine = text.slice(0, text.search(/[\r\n]|$/))
  const count = (separator: string) => firstLine.split(separator).length
  const delimiter = [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best))
  try {
    return parse(text, {
      delimiter,
      bom: true,
      relaxColumnCount: true,
      skipEmptyLines: true,
      maxRecordSize: 1 << 20,
    })
  } catch (thrown) {
    throw new AppError(
      'bad-file',
      `The table cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
      {
        hint: 'Check the quotes near that line: a quote inside a quoted cell is written twice.',
        cause: thrown,
      },
    )
  }
}
