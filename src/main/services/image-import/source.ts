import { access, constants, readFile, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { Split, type DatasetSource } from '#shared/schemas/dataset'
import { CoopSplit, coopPaths, isCoopSplit, listCoopSplit } from './coop-split.ts'
import {
  classesOf,
  readFolderTree,
  reason,
  splitFolders,
  withoutWrappers,
  type FolderTree,
} from './image-folder.ts'
import { pathBelow, type Listing, type ReadContext } from './listing.ts'
import {
  listManifest,
  parseCsvManifest,
  parseJsonManifest,
  type Manifest,
  type ManifestColumns,
} from './manifest.ts'
import { counted, quoted } from './problems.ts'

export interface SourceRequest {
  /** folder, manifest or split file */
  folder: string
  kind?: DatasetSource | undefined
  /** where the paths of a manifest or split file start; found by trying if not given */
  imageRoot?: string | undefined
  columns?: ManifestColumns | undefined
}

const LARGEST_LIST = 256 * 1024 * 1024
/** Lists that say what they are by their name, best first; they win over the folders beside them. */
const TELLING_NAMES = [
  /^manifest\.(json|csv|tsv)$/i,
  /^split_.*\.json$/i,
  /^(labels|annotations|images|dataset)\.(csv|tsv)$/i,
]

/** Finds out how a dataset is given, unless told, and lists its images without opening them. */
export async function readSource(request: SourceRequest, context: ReadContext): Promise<Listing> {
  const path = await existing(request.folder)
  const listing = (await stat(path)).isDirectory()
    ? await readFolderSource(path, request, context)
    : await readGivenList(path, request, context)
  if (listing.classes.length < 2) throw tooFewClasses(listing)
  return listing
}

async function readFolderSource(
  folder: string,
  request: SourceRequest,
  context: ReadContext,
): Promise<Listing> {
  const wantsList = request.kind === undefined || request.kind === 'manifest' || request.kind === 'coop-split'
  const lists = wantsList ? await listFiles(folder) : []
  const telling = TELLING_NAMES.flatMap((pattern) => lists.filter((name) => pattern.test(name)))
  const named = await readFirstList(folder, telling, request, context)
  if (named !== null) return named

  const wantsFolders = request.kind !== 'manifest' && request.kind !== 'coop-split'
  const tree = wantsFolders ? withoutWrappers(await readFolderTree(folder, context)) : null
  const found = tree === null ? null : listFolders(folder, tree, request.kind, context)
  if (found !== null) return found
  const other = await readFirstList(folder, lists, request, context)
  if (other !== null) return other
  throw nothingFound(folder, request.kind, tree, lists)
}

async function readGivenList(path: string, request: SourceRequest, context: ReadContext): Promise<Listing> {
  if (request.kind === 'class-folders' || request.kind === 'split-folders')
    throw new AppError(
      'invalid-input',
      `${quoted(path)} is a file, so it cannot be read as ${request.kind}.`,
      {
        hint: 'Choose the folder that holds the class folders.',
      },
    )
  const listing = await readList(path, request, context)
  if (listing !== null) return listing
  throw new AppError('bad-file', `${quoted(basename(path))} is no list of images that can be read.`, {
    hint: 'A CSV needs columns path and class (name others with a column mapping); JSON needs { "items": [{ "file", "class" }] } or the train, val and test lists of a CoOp split.',
  })
}

function listFolders(
  root: string,
  tree: FolderTree,
  kind: DatasetSource | undefined,
  context: ReadContext,
): Listing | null {
  const splits = kind === 'class-folders' ? null : splitFolders(tree)
  if (splits === null && kind === 'split-folders') return null
  if (splits === null && tree.folders.every(({ total }) => total === 0)) return null
  const parts =
    splits === null
      ? [{ tree, split: null }]
      : Split.options.flatMap((split) => (splits.get(split) ?? []).map((folder) => ({ tree: folder, split })))
  const source = splits === null ? 'class-folders' : 'split-folders'
  return { source, root, name: null, ...classesOf(parts, context) }
}

async function readFirstList(folder: string, names: string[], request: SourceRequest, context: ReadContext) {
  for (const name of names) {
    const listing = await readList(join(folder, name), request, context)
    if (listing !== null) return listing
  }
  return null
}

/** Null: the file is no list of images, or not of the kind asked for. */
async function readList(path: string, request: SourceRequest, context: ReadContext): Promise<Listing | null> {
  context.signal?.throwIfAborted()
  const text = await readText(path)
  if (extname(path).toLowerCase() !== '.json') {
    const table = request.kind === 'coop-split' ? null : parseCsvManifest(text, request.columns)
    return table && (await fromManifest(table, path, request, context))
  }
  const json = parseJson(text)
  if (request.kind !== 'manifest' && isCoopSplit(json)) return fromCoopSplit(json, path, request, context)
  const manifest = request.kind === 'coop-split' ? null : parseJsonManifest(json, request.columns)
  return manifest && (await fromManifest(manifest, path, request, context))
}

async function fromManifest(manifest: Manifest, path: string, request: SourceRequest, context: ReadContext) {
  const root = await imageRoot(
    path,
    request,
    manifest.entries.map((entry) => entry.path),
  )
  return { source: 'manifest' as const, root, name: manifest.name, ...listManifest(manifest, root, context) }
}

async function fromCoopSplit(json: unknown, path: string, request: SourceRequest, context: ReadContext) {
  const parsed = CoopSplit.safeParse(json)
  if (!parsed.success)
    throw new AppError(
      'bad-file',
      `${quoted(basename(path))} is no valid split file: ${z.prettifyError(parsed.error).slice(0, 300)}`,
      {
        hint: 'train, val and test must be lists of [image path, label, class name].',
      },
    )
  const root = await imageRoot(path, request, coopPaths(parsed.data))
  return { source: 'coop-split' as const, root, name: null, ...listCoopSplit(parsed.data, root, context) }
}

/**
 * The folder that the paths of a list start from: as told, or the list's own folder or one of the folders in
 * it (images, jpg, 2750 ...), whichever has more of the first paths.
 */
async function imageRoot(
  listPath: string,
  request: SourceRequest,
  paths: readonly string[],
): Promise<string> {
  if (request.imageRoot !== undefined) return existing(request.imageRoot)
  const folder = dirname(listPath)
  const entries = await readdir(folder, { withFileTypes: true })
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
  const step = Math.max(1, Math.floor(paths.length / 20))
  const samples = paths.filter((_, index) => index % step === 0)
  let best = { root: folder, hits: 0 }
  for (const root of [folder, ...below.sort()]) {
    const hits = await countExisting(root, samples)
    if (hits > best.hits) best = { root, hits }
  }
  return best.root
}

async function countExisting(root: string, paths: readonly string[]): Promise<number> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const below = pathBelow(root, path)
      return (
        below !== null &&
        (await stat(join(root, below)).then(
          (file) => file.isFile(),
          () => false,
        ))
      )
    }),
  )
  return found.filter(Boolean).length
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const lists = entries.filter((entry) => entry.isFile() && /\.(json|csv|tsv)$/i.test(entry.name))
  return lists.map(({ name }) => name).sort()
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > LARGEST_LIST)
    throw new AppError(
      'bad-file',
      `${quoted(basename(path))} has ${size} bytes, too many for a list of images.`,
      {
        hint: `Split it into parts of at most ${LARGEST_LIST} bytes.`,
      },
    )
  const bytes = await readFile(path)
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (thrown) {
    throw new AppError(
      'bad-file',
      `${quoted(basename(path))} is not UTF-8 text, so names in it would be wrong.`,
      {
        hint: 'Save the list as UTF-8 and import again.',
        cause: thrown,
      },
    )
  }
}

/** Undefined: not JSON at all. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function existing(path: string): Promise<string> {
  try {
    const real = await realpath(path)
    await access(real, constants.R_OK)
    return real
  } catch (thrown) {
    throw new AppError('not-found', `${quoted(path)} cannot be opened: ${reason(thrown)}.`, {
      hint: 'Check the path, and that the disk it is on is connected.',
      cause: thrown,
    })
  }
}

function tooFewClasses({ classes, images, root }: Listing): AppError {
  const only = classes[0] === undefined ? 'no class' : `only one class, ${quoted(classes[0].name)},`
  return new AppError(
    'invalid-input',
    `${quoted(root)} has ${only} with ${counted(images.length, 'image')}; telling classes apart needs two or more.`,
    { hint: 'Choose the folder that holds one folder of images per class.' },
  )
}

function nothingFound(
  folder: string,
  kind: DatasetSource | undefined,
  tree: FolderTree | null,
  lists: readonly string[],
): AppError {
  const looked = kind ?? 'class folders, train/val/test folders, a CSV or JSON manifest, or a CoOp split file'
  const found = [
    tree === null ? [] : [counted(tree.images.length, 'image'), counted(tree.folders.length, 'folder')],
    counted(lists.length, 'CSV or JSON file'),
  ].flat()
  return new AppError(
    'invalid-input',
    `No dataset in ${quoted(folder)}: looked for ${looked}, and found ${found.join(', ')}.`,
    {
      hint: 'Put the images of each class into a folder of its own, named like the class, and choose the folder around them.',
    },
  )
}
