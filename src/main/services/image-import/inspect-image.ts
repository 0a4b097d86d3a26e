import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { ProblemKind } from '#shared/schemas/dataset'
import { isBelow, reason } from './image-folder.ts'
import { LOOK_SIDE, lookOf, type Look } from './look.ts'

/** What opening an image showed. */
export interface InspectedImage {
  hash: string
  bytes: number
  modified: number
  width: number
  height: number
  /** null: the image is blank */
  look: Look | null
  /** oddities that do not prevent its use */
  remarks: Remark[]
}
export type Remark = Extract<ProblemKind, 'blank' | 'tiny' | 'animated' | 'color-mode'>

/** Why an image cannot be used. */
export interface Rejection {
  kind: Extract<
    ProblemKind,
    'missing' | 'unreadable' | 'corrupt' | 'unsupported' | 'too-large' | 'outside-root'
  >
  reason: string
}

export type Inspection = { image: InspectedImage } | { rejection: Rejection }

/** A file of more bytes, or an image of more pixels, costs more memory than it is worth at 224 x 224. */
const MOST_BYTES = 256 * 1024 * 1024
const MOST_PIXELS = 100_000_000
const TINY_SIDE = 32

/** Opens, hashes and wholly decodes one image below `root`, an absolute path without links. Never throws for bad files. */
export async function inspectImage(root: string, path: string): Promise<Inspection> {
  const file = await readInside(root, path)
  if ('rejection' in file) return file
  const format = formatOf(file.content)
  if (!(format in DECODED))
    return reject(
      file.bytes === 0 ? 'corrupt' : 'unsupported',
      file.bytes === 0 ? 'it is empty' : `it is ${format}`,
    )
  try {
    return {
      image: {
        ...(await decode(file.content)),
        hash: sha256(file.content),
        bytes: file.bytes,
        modified: file.modified,
      },
    }
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    if (/pixel limit/.test(message)) return reject('too-large', `it has more than ${MOST_PIXELS} pixels`)
    return reject('corrupt', firstLine(message))
  }
}

/** SHA-256 of a file below `root`, or null where it cannot be read. */
export async function hashOfFile(root: string, path: string): Promise<string | null> {
  const file = await readInside(root, path)
  return 'rejection' in file ? null : sha256(file.content)
}

interface FileContent {
  content: Buffer
  bytes: number
  modified: number
}

/** The one place where image files are opened: regular files whose real path lies below the root. */
async function readInside(root: string, path: string): Promise<FileContent | { rejection: Rejection }> {
  try {
    const real = await realpath(join(root, path))
    if (!isBelow(root, real)) return reject('outside-root', 'it is a link out of the folder')
    // Not blocking: a pipe that nobody writes to would hold the import up for ever.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const info = await file.stat()
      if (!info.isFile()) return reject('unsupported', 'it is no file')
      if (info.size > MOST_BYTES) return reject('too-large', `it has ${info.size} bytes`)
      return { content: await file.readFile(), bytes: info.size, modified: info.mtimeMs }
    } finally {
      await file.close()
    }
  } catch (thrown) {
    const isMissing =
      thrown instanceof Error && 'code' in thrown && ['ENOENT', 'ENOTDIR'].includes(String(thrown.code))
    return reject(isMissing ? 'missing' : 'unreadable', reason(thrown))
  }
}

/** Decodes all of it, as training will, so that a truncated file shows now and not in the middle of a run. */
async function decode(content: Buffer) {
  const image = sharp(content, { failOn: 'error', limitInputPixels: MOST_PIXELS, sequentialRead: true })
  const { width, height, pages = 1, space, autoOrient } = await image.metadata()
  const grey = await image
    .autoOrient()
    .flatten({ background: 'white' })
    // The fast way of shrinking differs by format and size, and copies would no longer look alike.
    .resize(LOOK_SIDE, LOOK_SIDE, { fit: 'fill', fastShrinkOnLoad: false })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer()
  const look = lookOf(grey)
  const remarks: Remark[] = []
  if (look === null) remarks.push('blank')
  if (Math.min(width, height) < TINY_SIDE) remarks.push('tiny')
  if (pages > 1) remarks.push('animated')
  if (space === 'cmyk' || space === 'lab') remarks.push('color-mode')
  return { width: autoOrient.width, height: autoOrient.height, look, remarks }
}

/** What the first bytes say a file is; its name says nothing. Only what is in `DECODED` reaches the decoder. */
function formatOf(content: Buffer): string {
  const start = content.toString('latin1', 0, 16)
  const known = Object.entries({ ...DECODED, ...OTHERS }).find(([, pattern]) => pattern.test(start))
  return known?.[0] ?? 'no image'
}

const DECODED: Record<string, RegExp> = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n\x1a\n/,
  WebP: /^RIFF[^]{4}WEBP/,
  GIF: /^GIF8[79]a/,
  TIFF: /^(II[*+]\0|MM\0[*+])/,
  AVIF: /^[^]{4}ftyp(avif|avis)/,
}
const OTHERS: Record<string, RegExp> = {
  'a BMP image': /^BM/,
  'a HEIC image': /^[^]{4}ftyp(heic|heix|hevc|mif1|msf1)/,
  'a JPEG 2000 image': /^(\0\0\0\x0cjP |\xff\x4f\xff\x51)/,
  'a JPEG XL image': /^(\xff\x0a|\0\0\0\x0cJXL )/,
  'a Photoshop image': /^8BPS/,
  'a PDF document': /^%PDF/,
  'a ZIP archive': /^PK\x03\x04/,
  'an SVG or HTML text': /^(\xef\xbb\xbf)?\s*<(\?xml|svg|!doctype|html)/i,
}

function reject(kind: Rejection['kind'], why: string): { rejection: Rejection } {
  return { rejection: { kind, reason: why } }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
