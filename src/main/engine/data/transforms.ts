import type { ImagePreprocessing } from '#shared/schemas/model'
import { cut, resample, wholeBox, type Box, type Raster, type Size } from './resample.ts'

export type { Raster } from './resample.ts'

/** The part of `tensor/random.ts` that views are drawn with. */
export interface ViewRandom {
  /** in [0, 1) */
  uniform(): number
  /** in 0..n-1 */
  integer(n: number): number
}

/** What evaluation sees of a picture: the shorter side resized, the middle cut out. */
export function evaluationView(raster: Raster, preprocessing: ImagePreprocessing): Raster {
  const { resizeTo, cropSize, interpolation } = preprocessing
  const resized = resample(raster, wholeBox(raster), shorterSideSize(raster, resizeTo), interpolation)
  const [left, top] = [resized.width, resized.height].map((side) => roundHalfEven((side - cropSize) / 2)) as [
    number,
    number,
  ]
  return cut(resized, { left, top, width: cropSize, height: cropSize })
}

/** What training sees of a picture: a random part of it, stretched to the square, mirrored half of the time. */
export function randomTrainingView(
  raster: Raster,
  preprocessing: ImagePreprocessing,
  random: ViewRandom,
): Raster {
  const { cropSize: side, interpolation } = preprocessing
  const view = resample(
    raster,
    randomResizedCropBox(raster, random),
    { width: side, height: side },
    interpolation,
  )
  return random.uniform() < 0.5 ? mirror(view) : view
}

/** The size with a shorter side of `side`; the longer one is rounded down, as everywhere in CLIP. */
export function shorterSideSize({ width, height }: Size, side: number): Size {
  return width <= height
    ? { width: side, height: Math.floor((side * height) / width) }
    : { width: Math.floor((side * width) / height), height: side }
}

const AREA = { least: 0.08, most: 1 }
const RATIO = { least: 3 / 4, most: 4 / 3 }
const TRIALS = 10

/**
 * The part of a picture that a training view shows, drawn as torchvision's RandomResizedCrop draws it: a share of the
 * area and, on a logarithmic scale, a ratio of the sides; after ten misfits the middle.
 */
export function randomResizedCropBox({ width, height }: Size, random: ViewRandom): Box {
  const between = (least: number, most: number) => least + (most - least) * random.uniform()
  for (let trial = 0; trial < TRIALS; trial++) {
    const area = width * height * between(AREA.least, AREA.most)
    const ratio = Math.exp(between(Math.log(RATIO.least), Math.log(RATIO.most)))
    const box = {
      width: roundHalfEven(Math.sqrt(area * ratio)),
      height: roundHalfEven(Math.sqrt(area / ratio)),
    }
    if (box.width > 0 && box.width <= width && box.height > 0 && box.height <= height) {
      const top = random.integer(height - box.height + 1)
      return { ...box, top, left: random.integer(width - box.width + 1) }
    }
  }
  return middleBox({ width, height })
}

/** As much of the middle as the ratios allow. */
function middleBox({ width, height }: Size): Box {
  const ratio = Math.min(Math.max(width / height, RATIO.least), RATIO.most)
  const box = {
    width: ratio < width / height ? roundHalfEven(height * ratio) : width,
    height: ratio > width / height ? roundHalfEven(width / ratio) : height,
  }
  return { ...box, left: Math.floor((width - box.width) / 2), top: Math.floor((height - box.height) / 2) }
}

/** Left and right exchanged, in a new picture. */
export function mirror({ width, height, data }: Raster): Raster {
  const mirrored = new Uint8Array(data.length)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3
      const to = (y * width + width - 1 - x) * 3
      mirrored[to] = data[from]!
      mirrored[to + 1] = data[from + 1]!
      mirrored[to + 2] = data[from + 2]!
    }
  return { width, height, data: mirrored }
}

/**
 * Pictures of one size as the numbers a CLIP reads: scaled to 0..1, less the mean, divided by the standard deviation.
 * -> [B, height, width, 3]
 */
export function toPixels(
  rasters: readonly Raster[],
  mean: ImagePreprocessing['mean'],
  std: ImagePreprocessing['std'],
): Float32Array {
  const tables = mean.map((average, channel) =>
    Float32Array.from({ length: 256 }, (_, value) => (value / 255 - average) / std[channel]!),
  ) as [Float32Array, Float32Array, Float32Array]
  const length = rasters.reduce((sum, { data }) => sum + data.length, 0)
  const pixels = new Float32Array(length)
  let to = 0
  for (const { data } of rasters)
    for (let from = 0; from < data.length; from += 3) {
      pixels[to++] = tables[0][data[from]!]!
      pixels[to++] = tables[1][data[from + 1]!]!
      pixels[to++] = tables[2][data[from + 2]!]!
    }
  return pixels
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}
