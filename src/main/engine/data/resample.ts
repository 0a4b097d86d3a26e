import type { ImagePreprocessing } from '#shared/schemas/model'

/** A picture of 8-bit RGB pixels, row by row. */
export interface Raster {
  readonly width: number
  readonly height: number
  /** [height, width, 3] */
  readonly data: Uint8Array
}

/** A rectangle of whole pixels inside a picture. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export type Interpolation = ImagePreprocessing['interpolation']

/**
 * Cuts a box out of a picture and scales it to a size, giving the same bytes as `crop` and `resize` of Pillow 13:
 * along the rows and along the columns, one after the other, both in fixed-point numbers and rounded to 8 bits.
 */
export function resample(
  raster: Raster,
  box: Box,
  size: Size,
  interpolation: Interpolation = 'bicubic',
): Raster {
  const part = box.width === raster.width && box.height === raster.height ? raster : cut(raster, box)
  const columns = weightTaps({ inputs: box.width, outputs: size.width }, interpolation)
  const rows = weightTaps({ inputs: box.height, outputs: size.height }, interpolation)
  return isColumnsFirst(box, size)
    ? resampleRows(resampleColumns(part, rows), columns)
    : resampleColumns(resampleRows(part, columns), rows)
}

/** The bytes of a box inside a picture. */
export function cut({ width, data }: Raster, box: Box): Raster {
  const part = new Uint8Array(box.width * box.height * 3)
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * width + box.left) * 3
    part.set(data.subarray(from, from + box.width * 3), y * box.width * 3)
  }
  return { width: box.width, height: box.height, data: part }
}

/** Pillow's rule, since 13.0, for which pass comes first; before, it was always the rows. */
function isColumnsFirst(from: Size, to: Size): boolean {
  const lost = from.height - to.height
  return lost > 0 && lost > 2 * (from.width - to.width)
}

/** The whole of a picture. */
export function wholeBox({ width, height }: Size): Box {
  return { left: 0, top: 0, width, height }
}

/** For every output pixel: the first input it is made of, and how much of each. */
interface Taps {
  readonly outputs: number
  /** taps of every output; unused ones at the end weigh nothing */
  readonly count: number
  readonly first: Int32Array
  /** how many of the taps are used */
  readonly used: Int32Array
  /** [outputs, count] in units of 2^-22 */
  readonly weights: Int32Array
}

/** Pillow's: 32 bits less 8 of the pixel and 2 of a sum that may overshoot. */
const PRECISION = 22
const ROUNDING = 1 << (PRECISION - 1)

const kernels: Readonly<Record<Interpolation, { reach: number; weight: (distance: number) => number }>> = {
  bicubic: { reach: 2, weight: cubic },
  bilinear: { reach: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
}

/** Keys' cubic with a = -1/2. */
function cubic(distance: number): number {
  const a = -0.5
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
  return 0
}

/** When shrinking, the kernel is widened so that every input counts. */
function weightTaps(
  { inputs, outputs }: { inputs: number; outputs: number },
  interpolation: Interpolation,
): Taps {
  const { reach, weight } = kernels[interpolation]
  const scale = inputs / outputs
  const stretch = Math.max(scale, 1)
  const support = reach * stretch
  const count = Math.ceil(support) * 2 + 1
  const taps = {
    outputs,
    count,
    first: new Int32Array(outputs),
    used: new Int32Array(outputs),
    weights: new Int32Array(outputs * count),
  }
  for (let output = 0; output < outputs; output++) {
    const centre = (output + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - support + 0.5))
    const used = Math.min(inputs, Math.trunc(centre + support + 0.5)) - first
    const exact = Array.from({ length: used }, (_, tap) =>
      weight((tap + first - centre + 0.5) * (1 / stretch)),
    )
    const sum = exact.reduce((total, value) => total + value, 0)
    taps.first[output] = first
    taps.used[output] = used
    exact.forEach(
      (value, tap) => (taps.weights[output * count + tap] = roundAway((value / sum) * 2 ** PRECISION)),
    )
  }
  return taps
}

/** To the nearest, halves away from zero, as C rounds. */
function roundAway(value: number): number {
  return Math.trunc(value < 0 ? value - 0.5 : value + 0.5)
}

/** Scales along the rows.  [height, width, 3] -> [height, outputs, 3] */
function resampleRows(raster: Raster, { outputs, count, first, used, weights }: Taps): Raster {
  const { data, width, height } = raster
  const result = new Uint8ClampedArray(height * outputs * 3)
  let to = 0
  for (let y = 0; y < height; y++) {
    const row = y * width * 3
    for (let x = 0; x < outputs; x++) {
      let from = row + first[x]! * 3
      let red = ROUNDING
      let green = ROUNDING
      let blue = ROUNDING
      for (let tap = x * count, end = tap + used[x]!; tap < end; tap++, from += 3) {
        const weight = weights[tap]!
        red += data[from]! * weight
        green += data[from + 1]! * weight
        blue += data[from + 2]! * weight
      }
      result[to++] = red >> PRECISION
      result[to++] = green >> PRECISION
      result[to++] = blue >> PRECISION
    }
  }
  return { width: outputs, height, data: new Uint8Array(result.buffer) }
}

/** Scales along the columns.  [height, width, 3] -> [outputs, width, 3] */
function resampleColumns({ data, width }: Raster, { outputs, count, first, used, weights }: Taps): Raster {
  const stride = width * 3
  const result = new Uint8ClampedArray(outputs * stride)
  const sums = new Int32Array(stride)
  for (let y = 0; y < outputs; y++) {
    sums.fill(ROUNDING)
    let from = first[y]! * stride
    for (let tap = y * count, end = tap + used[y]!; tap < end; tap++) {
      const weight = weights[tap]!
      for (let i = 0; i < stride; i++, from++) sums[i] = sums[i]! + data[from]! * weight
    }
    for (let i = 0, to = y * stride; i < stride; i++, to++) result[to] = sums[i]! >> PRECISION
  }
  return { width, height: outputs, data: new Uint8Array(result.buffer) }
}
