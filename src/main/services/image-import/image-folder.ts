import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import type { Split } from '#shared/schemas/dataset'
import { promptFor, splitNamed, type ListedClass, type ListedImage, type ReadContext } from './listing.ts'
import { counted, quoted } from './problems.ts'

/** A folder with everything below it that may be an image. Names and paths are sorted. */
export interface FolderTree {
  name: string
  /** below the root, POSIX separators; '' for the root */
  path: string
  images: string[]
  folders: FolderTree[]
  /** images here and below */
  total: number
}

const IMAGE_EXTENSIONS = new Set('.jpg .jpeg .jpe .jfif .png .webp .gif .tif .tiff .avif'.split(' '))
/** Pictures we cannot decode: worth a word, unlike a text file. */
const OTHER_IMAGE_EXTENSIONS = new Set(
  '.bmp .heic .heif .jp2 .jxl .svg .psd .ico .tga .ppm .pgm .exr .hdr .dng .nef .cr2 .arw .raw'.split(' '),
)
const SYSTEM_FOLDERS = new Set(['__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information'])

/** Reads a folder without ever leaving it: links that lead out, or in circles, are reported and skipped. */
export async function readFolderTree(root: string, context: ReadContext): Promise<FolderTree> {
  const seen = { images: 0, others: [] as string[], otherCount: 0 }
  const tree = await readFolder({ path: '', linked: false })
  if (seen.otherCount > 0)
    context.log.add(
      'other-files',
      `${counted(seen.otherCount, 'file is no image', 'files are no images')}.`,
      seen.others,
      seen.otherCount,
    )
  return tree

  async function readFolder(folder: Pick<Entry, 'path' | 'linked'>): Promise<FolderTree> {
    context.signal?.throwIfAborted()
    const { path } = folder
    const tree: FolderTree = { name: path.split('/').at(-1)!, path, images: [], folders: [], total: 0 }
    for (const entry of await entriesOf(root, folder, context)) {
      if (entry.kind === 'folder') tree.folders.push(await readFolder(entry))
      else addFile(tree, entry.path)
    }
    tree.total = tree.images.length + tree.folders.reduce((total, { total: below }) => total + below, 0)
    return tree
  }

  function addFile(tree: FolderTree, path: string): void {
    const extension = extname(path).toLowerCase()
    if (IMAGE_EXTENSIONS.has(extension)) {
      tree.images.push(path)
      if (++seen.images % 1000 === 0) context.onFiles(seen.images)
    } else if (OTHER_IMAGE_EXTENSIONS.has(extension)) {
      context.log.add('unsupported', `${quoted(path)} is in a format that cannot be read here.`, [path])
    } else {
      seen.otherCount++
      if (seen.others.length < 20) seen.others.push(path)
    }
  }
}

interface Entry {
  path: string
  kind: 'file' | 'folder'
  /** reached through a link; links below it are not followed, so that circles end */
  linked: boolean
}

/** The visible entries of one folder, links resolved, in the order of their names. */
async function entriesOf(
  root: string,
  { path, linked }: Pick<Entry, 'path' | 'linked'>,
  context: ReadContext,
): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const dirent of await readNames(root, path, context)) {
    const name = decodeName(dirent.name)
    if (name === null) {
      const shown = posixJoin(path, dirent.name.toString('latin1'))
      context.log.add('invalid-name', `The name ${quoted(shown)} is not valid UTF-8.`, [shown])
    } else if (!name.startsWith('.') && !SYSTEM_FOLDERS.has(name)) {
      const below = posixJoin(path, name)
      const isLink = dirent.isSymbolicLink()
      if (isLink && linked) continue
      const resolved = isLink ? await followLink(root, below, context) : dirent
      const kind = resolved?.isDirectory() ? 'folder' : resolved?.isFile() ? 'file' : null
      if (kind !== null) entries.push({ path: below, kind, linked: linked || isLink })
    }
  }
  return entries
}

/** Names are bytes on Linux: only as bytes are those seen that are not valid UTF-8. Sorted. */
async function readNames(root: string, path: string, { log }: ReadContext) {
  try {
    const names = await readdir(join(root, path), { withFileTypes: true, encoding: 'buffer' })
    return names.sort((a, b) => a.name.compare(b.name)) // every disk has an order of its own
  } catch (thrown) {
    log.add('unreadable', `The folder ${quoted(path || '.')} cannot be read: ${reason(thrown)}.`, [path])
    return []
  }
}

async function followLink(root: string, path: string, { log }: ReadContext) {
  try {
    const target = await realpath(join(root, path))
    if (isBelow(target, join(root, path))) return null // a circle: it contains the link itself
    if (isBelow(root, target)) return await stat(target)
    log.add('outside-root', `${quoted(path)} is a link out of the folder.`, [path])
  } catch (thrown) {
    log.add('missing', `${quoted(path)} is a link to nothing: ${reason(thrown)}.`, [path])
  }
  return null
}

/** Whether an absolute path without links lies below a folder. */
export function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/** A system error in few words. */
export function reason(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const words: Record<string, string> = {
    ENOENT: 'it does not exist',
    EACCES: 'access is denied',
    EPERM: 'access is denied',
    ELOOP: 'its links go in circles',
    ENAMETOOLONG: 'its name is too long',
    EMFILE: 'too many files are open',
    EIO: 'the disk reports an error',
  }
  return words[code] ?? (thrown instanceof Error ? thrown.message : String(thrown))
}

/** Skips wrappers: a folder whose only content is one other folder that holds the classes. */
export function withoutWrappers(tree: FolderTree): FolderTree {
  const [only, second] = tree.folders.filter(({ total }) => total > 0)
  const isWrapper =
    tree.images.length === 0 && only !== undefined && second === undefined && only.images.length === 0
  return isWrapper ? withoutWrappers(only) : tree
}

/** The folders of a tree that stand for splits, or null if it is no folder of train/val/test folders. */
export function splitFolders(tree: FolderTree): Map<Split, FolderTree[]> | null {
  const folders = tree.folders.filter(({ total }) => total > 0)
  const bySplit = new Map<Split, FolderTree[]>()
  for (const folder of folders) {
    const split = splitNamed(folder.name)
    // "train" may be a class: then it stands among others, or holds images and no class folders.
    if (split === null) return null
    bySplit.set(split, [...(bySplit.get(split) ?? []), folder])
  }
  const holdsClasses = bySplit.get('train')?.some(({ folders }) => folders.some(({ total }) => total > 0))
  return holdsClasses ? bySplit : null
}

export interface ClassFolders {
  classes: ListedClass[]
  images: ListedImage[]
}

/** Classes from folders of class folders; classes of the same name in several splits are one class. */
export function classesOf(
  parts: readonly { tree: FolderTree; split: Split | null }[],
  context: ReadContext,
): ClassFolders {
  const names = new Set<string>()
  for (const { tree } of parts)
    for (const folder of tree.folders)
      if (folder.total > 0) names.add(folder.name)
      else
        context.log.add(
          'empty-class',
          `The class folder ${quoted(folder.path)} has no images.`,
          [folder.path],
          0,
        )
  const labels = new Map([...names].sort().map((name, label) => [name, label]))

  for (const { tree } of parts) reportStrays(tree, context)
  const images = parts.flatMap(({ tree, split }) =>
    tree.folders.flatMap((folder) =>
      imagesBelow(folder).map((path) => ({ path, label: labels.get(folder.name)!, split })),
    ),
  )
  const oneFolderEach = parts.length === 1 ? parts[0]!.tree.path : null
  const classes = [...labels.keys()].map((name) => ({
    name,
    prompt: promptFor(name),
    folder: oneFolderEach === null ? null : posixJoin(oneFolderEach, name),
  }))
  return { classes, images }
}

/** Images beside the class folders, and folders inside them: explained, not guessed. */
function reportStrays(tree: FolderTree, { log }: ReadContext): void {
  if (tree.images.length > 0)
    log.add(
      'other-files',
      `${counted(tree.images.length, 'image')} in ${quoted(tree.path || '.')} ${tree.images.length === 1 ? 'lies' : 'lie'} outside any class folder.`,
      tree.images,
    )
  for (const folder of tree.folders) {
    const nested = folder.total - folder.images.length
    if (nested > 0)
      log.add(
        'nested-folder',
        `${counted(nested, 'image')} of ${quoted(folder.path)} ${nested === 1 ? 'lies' : 'lie'} in folders inside it.`,
        folder.folders.map(({ path }) => path),
        nested,
      )
  }
}

function imagesBelow(tree: FolderTree): string[] {
  return [...tree.images, ...tree.folders.flatMap(imagesBelow)]
}

function decodeName(bytes: Buffer): string | null {
  const name = bytes.toString('utf8')
  return Buffer.from(name, 'utf8').equals(bytes) ? name : null
}

function posixJoin(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
