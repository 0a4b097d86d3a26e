import { readFile, stat } from 'node:fs/promises'
import sharp, { type Metadata } from 'sharp'
import { AppError } from '#shared/errors'
import type { Raster } from './resample.ts'

/** A file of more bytes, or a picture of more pixels, is no photograph but an attempt on the memory. */
const MOST_BYTES = 256 * 1024 * 1024
const MOST_PIXELS = 100_000_000

const formats: readonly string[] = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']

/**
 * Decodes a picture to upright 8-bit RGB, with the same numbers as Pillow's `exif_transpose(image).convert('RGB')`:
 * transparency is dropped, grey tripled, colour profiles are not applied; of an animation the first picture counts.
 * 'not-found' without a file, 'bad-file' for what is damaged, too large or no picture.
 */
export async function decodeImage(path: string): Promise<Raster> {
  const content = await readPicture(path)
  try {
    const metadata = await sharp(content, options).metadata()
    if (!formats.includes(metadata.format))
      throw new AppError(
        'bad-file',
        `${path} is a picture of a kind that cannot be used: ${metadata.format}.`,
        {
          hint: 'Use JPEG, PNG, WebP, GIF, TIFF or AVIF.',
        },
      )
    return await decode(content, metadata)
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : badPicture(path, thrown)
  }
}

// Truncated or broken pictures fail; mere oddities, which every viewer forgives, do not.
const options = { failOn: 'error', limitInputPixels: MOST_PIXELS, ignoreIcc: true } as const

async function readPicture(path: string): Promise<Buffer> {
  try {
    const info = await stat(path)
    if (!info.isFile()) throw new AppError('bad-file', `${path} is not a file.`)
    if (info.size > MOST_BYTES)
      throw new AppError(
        'bad-file',
        `${path} is too large: ${info.size} bytes, at most ${MOST_BYTES} are read.`,
      )
    // Given a name, the decoder would take brackets in it for options.
    return await readFile(path)
  } catch (thrown) {
    if (
      thrown instanceof Error &&
      'code' in thrown &&
      (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
    )
      throw new AppError('not-found', `There is no picture ${path}.`, {
        hint: 'It was moved or deleted since the data set was imported. Rescan the data set.',
        cause: thrown,
      })
    throw thrown
  }
}

async function decode(content: Buffer, { space }: Metadata): Promise<Raster> {
  const image = sharp(content, options).autoOrient()
  const isCmyk = space === 'cmyk'
  const coloured = isCmyk ? image.pipelineColourspace('cmyk').toColourspace('cmyk') : image
  const { data, info } = await coloured.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  return { width, height, data: isCmyk ? rgbOfCmyk(data) : rgbOf(data, channels) }
}

/** Drops transparency and triples grey. */
function rgbOf(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data
  const colours = channels === 4 ? [0, 1, 2] : [0, 0, 0]
  const pixels = data.length / channels
  const rgb = new Uint8Array(pixels * 3)
  for (let pixel = 0, to = 0; pixel < pixels; pixel++)
    for (const colour of colours) rgb[to++] = data[pixel * channels + colour]!
  return rgb
}

/** Ink to light without a profile, as Pillow does it: what is left of the white after black, less the share of each ink. */
function rgbOfCmyk(data: Uint8Array): Uint8Array {
  const pixels = data.length / 4
  const rgb = new Uint8ClampedArray(pixels * 3)
  for (let pixel = 0, to = 0; pixel < pixels; pixel++) {
    const light = 255 - data[pixel * 4 + 3]!
    for (let ink = 0; ink < 3; ink++) rgb[to++] = light - Math.round((data[pixel * 4 + ink]! * light) / 255)
  }
  return new Uint8Array(rgb.buffer)
}

function badPicture(path: string, thrown: unknown): AppError {
  const reason = AppError.from(thrown).message.split('\n', 1)[0]!
  if (/pixel limit/.test(reason))
    return new AppError('bad-file', `${path} has more than ${MOST_PIXELS} pixels.`, {
      hint: 'Scale it down.',
      cause: thrown,
    })
  return new AppError('bad-file', `${path} cannot be decoded: ${reason}`, {
    hint: 'The picture is damaged or incomplete. Replace or remove it.',
    cause: thrown,
  })
}
