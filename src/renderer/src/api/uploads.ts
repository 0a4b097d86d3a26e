import { AppError } from '#shared/errors'
import { api } from './api.ts'
import { windowBridge } from './window-port.ts'

/** A file that was dropped or chosen, with its path below what was dropped. */
export interface DroppedFile {
  readonly file: File
  readonly path: string
}

/** The files below what was dropped, folders walked. Must be called while the drop event is handled. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  return (await Promise.all(entries.map(filesBelow))).flat()
}

/** The files of an `<input type="file">`, with folders where it was told to take them. */
export function chosenFiles(list: FileList): DroppedFile[] {
  return [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }))
}

/** Paths on this machine of what was dropped on the desktop window; null in a browser, which does not tell. */
export function droppedPaths(transfer: DataTransfer): string[] | null {
  const bridge = windowBridge()
  return bridge === undefined ? null : [...transfer.files].map((file) => bridge.pathOf(file))
}

export interface UploadOptions {
  signal?: AbortSignal
  onProgress?: (done: number, total: number) => void
}

const AT_ONCE = 4

/**
 * Sends files to the machine that the program runs on. Gives the folder they are in there; a folder that was dropped
 * alone is given itself.
 */
export async function uploadFiles(
  files: readonly DroppedFile[],
  { signal, onProgress }: UploadOptions = {},
): Promise<string> {
  const { id, folder } = await api.request('uploads/begin', {})
  let done = 0
  const queue = [...files]
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await send(id, next, signal)
      onProgress?.(++done, files.length)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const tops = new Set(files.map(({ path }) => path.split('/')[0]!))
  const [only] = tops
  const isOneFolder = tops.size === 1 && files.every(({ path }) => path.includes('/'))
  return isOneFolder ? `${folder}/${only!}` : folder
}

async function send(id: string, { file, path }: DroppedFile, signal: AbortSignal | undefined): Promise<void> {
  const address = `/uploads/${id}/${path.split('/').map(encodeURIComponent).join('/')}`
  const answer = await fetch(address, { method: 'PUT', body: file, ...(signal && { signal }) })
  if (answer.ok) return
  const reason = (await answer.text()).trim() || `status ${answer.status}`
  // A folder holds more than pictures; what the program does not take is left behind, as an import would.
  if (answer.status === 415) return
  throw new AppError(
    answer.status === 507 ? 'disk-full' : 'invalid-input',
    `${path} could not be sent: ${reason}`,
  )
}

async function filesBelow(entry: FileSystemEntry): Promise<DroppedFile[]> {
  const path = entry.fullPath.replace(/^\//, '')
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    return [{ file, path }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: DroppedFile[] = []
  // A reader gives its entries in portions; an empty one is the end.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (portion.length === 0) return found
    for (const each of portion) found.push(...(await filesBelow(each)))
  }
}
