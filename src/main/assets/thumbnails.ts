import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { PictureFile } from './picture-file.ts'
import { createTurns } from './turns.ts'

/** Longest sides of thumbnails, in pixels. */
const SIDES = [96, 160, 320, 640, 1280] as const
const MOST_PIXELS = 100_000_000
/** A decoded picture takes up to 300 MB, so there are never many of them. */
const DECODES_AT_ONCE = 2

/** The side to make for a wanted one: the next larger step, so that few sizes serve every screen. */
export function thumbnailSide(wanted: number): number {
  return SIDES.find((side) => side >= wanted) ?? SIDES.at(-1)!
}

/** Names one state of a file: it changes when the file was written again. */
export function versionOf(path: string, { bytes, modified }: PictureFile, side: number | null): string {
  const state = JSON.stringify([path, bytes, modified, side])
  return createHash('sha256').update(state).digest('hex').slice(0, 40)
}

/** Small WebP copies of pictures, kept in `folder` under the version they were made of. */
export function createThumbnails(folder: string) {
  const inTurn = createTurns(DECODES_AT_ONCE)
  const underWay = new Map<string, Promise<Buffer>>()

  async function make(picture: PictureFile, side: number, path: string): Promise<Buffer> {
    const thumbnail = await shrink(await readWhole(picture), side)
    // A cache that cannot be written, on a full disk for example, is slow but no failure.
    await keep(path, thumbnail).catch(() => undefined)
    return thumbnail
  }

  return {
    /** The thumbnail of an open picture. Rejects when the picture cannot be decoded or nobody wants it any more. */
    async get(picture: PictureFile, side: number, version: string, signal: AbortSignal): Promise<Buffer> {
      const path = join(folder, version.slice(0, 2), `${version}.webp`)
      const kept = await readFile(path).catch(() => null)
      // After a power failure a file may have its name but not its content.
      if (kept !== null && kept.length > 0) return kept
      const other = await underWay.get(version)?.catch(() => undefined)
      if (other !== undefined) return other
      const making = inTurn(signal, () => make(picture, side, path))
      underWay.set(version, making)
      return await making.finally(() => underWay.delete(version))
    },
  }
}

/** Upright, the first picture of an animation, never larger than it was. */
function shrink(content: Buffer, side: number): Promise<Buffer> {
  return sharp(content, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer()
}

async function readWhole({ handle, bytes }: PictureFile): Promise<Buffer> {
  const content = Buffer.alloc(bytes)
  const { bytesRead } = await handle.read(content, 0, bytes, 0)
  return content.subarray(0, bytesRead)
}

async function keep(path: string, content: Buffer): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(temporary, content, { flag: 'wx' })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
