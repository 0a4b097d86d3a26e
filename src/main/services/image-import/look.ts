/** What an image looks like, small enough to keep a hundred thousand of them. */
export interface Look {
  /** 64 bits of perceptual hash, as two unsigned halves */
  low: number
  high: number
  /** GREY_SIDE x GREY_SIDE grey levels around 0, the strongest at -127 or 127 */
  grey: Int8Array
}

/** Side of the grey image that looks are taken from. */
export const LOOK_SIDE = 32
const GREY_SIDE = 16
const HASH_SIDE = 8
/** Standard deviation in grey levels under which an image shows nothing. */
const BLANK_DEVIATION = 1
/** Share of the strongest frequency under which another one counts as zero. */
const DEAD_ZONE = 0.02

/**
 * The look of an image, or null for one that is blank: all blank images look alike.
 *
 * The hash tells which of the lowest 8 x 8 frequencies are clearly positive; what is near zero counts as
 * zero, so that images without detail do not get random bits. It survives another
 * size, format or compression, but not cropping, rotation or a mirror, which in some datasets (road signs)
 * make another class.
 *
 * @param grey LOOK_SIDE x LOOK_SIDE grey levels, row by row
 */
export function lookOf(grey: Uint8Array): Look | null {
  const mean = average(grey)
  const centred = Float64Array.from(grey, (value) => value - mean)
  const deviation = Math.sqrt(average(centred.map((value) => value * value)))
  if (deviation < BLANK_DEVIATION) return null

  const frequencies = lowFrequencies(centred)
  const least = DEAD_ZONE * largestOf(frequencies)
  const half = (from: number) =>
    frequencies
      .subarray(from, from + 32)
      .reduce((bits, value, i) => bits | ((value > least ? 1 : 0) << i), 0) >>> 0
  return { low: half(0), high: half(32), grey: normalised(halved(centred)) }
}

/** Number of bits in which two hashes differ, 0..64. */
export function hashDistance(a: Look, b: Look): number {
  return bitCount(a.low ^ b.low) + bitCount(a.high ^ b.high)
}

/** The largest difference between two images at 16 x 16, as a share of their contrast, 0..2. */
export function largestDifference(a: Look, b: Look): number {
  let largest = 0
  for (let i = 0; i < a.grey.length; i++) largest = Math.max(largest, Math.abs(a.grey[i]! - b.grey[i]!))
  return largest / 127
}

const COSINES = Array.from({ length: HASH_SIDE }, (_, frequency) =>
  Float64Array.from({ length: LOOK_SIDE }, (__, i) =>
    Math.cos((Math.PI * frequency * (i + 0.5)) / LOOK_SIDE),
  ),
)

/** Cosine transform at frequencies 0..7 of both axes. */
function lowFrequencies(grey: Float64Array): Float64Array {
  const rows = new Float64Array(LOOK_SIDE * HASH_SIDE)
  for (let y = 0; y < LOOK_SIDE; y++)
    for (let u = 0; u < HASH_SIDE; u++)
      rows[y * HASH_SIDE + u] = dot(COSINES[u]!, (x) => grey[y * LOOK_SIDE + x]!)
  return Float64Array.from({ length: HASH_SIDE ** 2 }, (_, i) => {
    const [u, v] = [i % HASH_SIDE, Math.floor(i / HASH_SIDE)]
    return dot(COSINES[v]!, (y) => rows[y * HASH_SIDE + u]!)
  })
}

function dot(weights: Float64Array, value: (index: number) => number): number {
  let total = 0
  for (let i = 0; i < weights.length; i++) total += weights[i]! * value(i)
  return total
}

/** 32 x 32 to 16 x 16 by averaging 2 x 2. */
function halved(grey: Float64Array): Float64Array {
  return Float64Array.from({ length: GREY_SIDE ** 2 }, (_, i) => {
    const corner = 2 * (i % GREY_SIDE) + 2 * LOOK_SIDE * Math.floor(i / GREY_SIDE)
    return (grey[corner]! + grey[corner + 1]! + grey[corner + LOOK_SIDE]! + grey[corner + LOOK_SIDE + 1]!) / 4
  })
}

function normalised(grey: Float64Array): Int8Array {
  const largest = largestOf(grey)
  return Int8Array.from(grey, (value) => Math.round((127 * value) / largest))
}

function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9)
}

function average(values: Uint8Array | Float64Array): number {
  let total = 0
  for (const value of values) total += value
  return total / values.length
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
