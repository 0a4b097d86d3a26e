import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { extname } from 'node:path'

/** A picture file that is open; whoever gets it closes it. */
export interface PictureFile {
  readonly handle: FileHandle
  readonly type: string
  readonly bytes: number
  readonly modified: number
}

const ENDINGS = new Set('.jpg .jpeg .jpe .jfif .png .webp .gif .tif .tiff .avif'.split(' '))
const MOST_BYTES = 256 * 1024 * 1024

/** What the first bytes say a file is; its name says nothing. Text that draws, such as SVG, is not among them. */
const FORMATS: readonly (readonly [string, RegExp])[] = [
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
  ['image/gif', /^GIF8[79]a/],
  ['image/tiff', /^(II[*+]\0|MM\0[*+])/],
  ['image/avif', /^[^]{4}ftyp(avif|avis)/],
]

/** Whether a name may be a picture's. */
export function hasPictureEnding(path: string): boolean {
  return ENDINGS.has(extname(path).toLowerCase())
}

/** Opens a picture, or says with which HTTP status to refuse it. */
export async function openPicture(path: string): Promise<PictureFile | { refused: 404 | 413 | 415 }> {
  if (!hasPictureEnding(path)) return { refused: 415 }
  // Not blocking: a pipe that nobody writes to would never open.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null)
  if (handle === null) return { refused: 404 }
  const refuse = async (status: 404 | 413 | 415) => {
    await handle.close()
    return { refused: status }
  }
  try {
    const info = await handle.stat()
    if (!info.isFile()) return await refuse(404)
    if (info.size > MOST_BYTES) return await refuse(413)
    const start = Buffer.alloc(16)
    await handle.read(start, 0, start.length, 0)
    const format = FORMATS.find(([, pattern]) => pattern.test(start.toString('latin1')))
    if (format === undefined) return await refuse(415)
    return { handle, type: format[0], bytes: info.size, modified: info.mtimeMs }
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}
