import { existsSync, readdirSync, realpathSync, statSync, type Dirent } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { ChoiceRequest, FolderListing } from '#shared/schemas/app'
import type { Shell } from '#main/shell'
import type { SettingsService } from './settings.ts'

const MOST_ENTRIES = 2_000

export interface FoldersParts {
  shell: Shell
  settings: SettingsService
  dataFolder: string
  /** folders whose content may be shown in the file manager, besides the data folder */
  knownFolders: () => readonly string[]
}

/** Choosing folders and files, and showing them: through the system where it can, else by looking into folders. */
export function createFolders({ shell, settings, dataFolder, knownFolders }: FoldersParts) {
  return {
    /** Remembers the folder for the next dialog of the same purpose. */
    async choose(request: ChoiceRequest): Promise<{ paths: string[] }> {
      if (shell.choose === undefined)
        throw new AppError('unsupported', 'There is no dialog of the system here.', {
          hint: 'Type the path, or browse for it.',
        })
      const { lastFolders } = settings.get()
      const paths = await shell.choose(request, lastFolders[request.purpose])
      const [first] = paths
      if (first !== undefined) {
        const folder = request.kind === 'folder' ? first : dirname(first)
        settings.change({ lastFolders: { ...lastFolders, [request.purpose]: folder } })
      }
      return { paths }
    },

    /** Only what the program knows: a file manager can be made to start programs. */
    async reveal({ path }: ParsedInput<'shell/reveal'>): Promise<void> {
      if (shell.reveal === undefined)
        throw new AppError('unsupported', 'Files cannot be shown in a file manager from here.', {
          hint: `Look for it on the machine the program runs on: ${path}`,
        })
      const real = realPath(path)
      const known = [dataFolder, ...knownFolders()].filter((folder) => existsSync(folder))
      if (!known.some((folder) => isBelow(realpathSync(folder), real)))
        throw new AppError('invalid-input', `${path} is not among the folders the program works with.`)
      await shell.reveal(real)
    },

    /** Folders first, then files, both by name; hidden ones are left out. */
    browse({ path }: ParsedInput<'folders/browse'>): FolderListing {
      const roots = rootsOf(shell, dataFolder)
      const folder = realPath(path ?? roots[0]?.path ?? homedir())
      const limits = shell.browseRoots?.filter((root) => existsSync(root)).map((root) => realpathSync(root))
      const isAllowed = (each: string) => limits?.some((root) => isBelow(root, each)) ?? true
      if (!isAllowed(folder))
        throw new AppError('invalid-input', `${folder} is outside of the folders that may be browsed.`, {
          hint: 'Start the program with --root <folder> to browse there; typing the path works as it is.',
        })
      const entries = readFolder(folder)
      const parent = dirname(folder)
      return {
        path: folder,
        parent: parent === folder || !isAllowed(parent) ? null : parent,
        roots,
        entries: entries.slice(0, MOST_ENTRIES),
        truncated: entries.length > MOST_ENTRIES,
      }
    },
  }
}

export type Folders = ReturnType<typeof createFolders>

function rootsOf({ browseRoots }: Shell, dataFolder: string): FolderListing['roots'] {
  const folders = browseRoots ?? [homedir(), dataFolder, ...drives()]
  return [...new Set(folders)]
    .filter((folder) => existsSync(folder))
    .map((folder) => ({ name: basename(folder) || folder, path: folder }))
}

/** Where removable and network drives appear. */
function drives(): string[] {
  if (process.platform === 'win32')
    return Array.from({ length: 24 }, (_, i) => `${String.fromCharCode(67 + i)}:\\`).filter(existsSync)
  return ['/media', '/mnt', '/run/media', '/Volumes']
}

function readFolder(folder: string): FolderListing['entries'] {
  try {
    return entriesOf(folder)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'ENOTDIR') throw new AppError('invalid-input', `${folder} is a file, not a folder.`)
    if (code === 'EACCES' || code === 'EPERM')
      throw new AppError('invalid-input', `${folder} may not be read by this user.`, {
        hint: 'Choose another folder, or change its permissions.',
      })
    throw thrown
  }
}

function entriesOf(folder: string): FolderListing['entries'] {
  const byKindAndName = (a: Dirent, b: Dirent) =>
    Number(b.isDirectory()) - Number(a.isDirectory()) ||
    a.name.localeCompare(b.name, undefined, { numeric: true })
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isFile()))
    .sort(byKindAndName)
    .slice(0, MOST_ENTRIES + 1)
    .map((entry) => {
      const path = join(folder, entry.name)
      const kind = entry.isDirectory() ? 'folder' : 'file'
      const bytes = kind === 'file' ? (statSync(path, { throwIfNoEntry: false })?.size ?? 0) : 0
      return { name: entry.name, path, kind, bytes }
    })
}

function realPath(path: string): string {
  try {
    return realpathSync(resolve(path))
  } catch (thrown) {
    throw new AppError('not-found', `There is no ${path}`, {
      hint: 'Check how it is written, and whether its drive is there.',
      cause: thrown,
    })
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
