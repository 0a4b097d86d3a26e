/** How numbers are stored in weight files. All of them little-endian. */
export const bytesPerNumber = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const

export type NumberFormat = keyof typeof bytesPerNumber

export function isNumberFormat(name: string): name is NumberFormat {
  return Object.hasOwn(bytesPerNumber, name)
}

/**
 * Stored numbers as single precision. Half precisions come out exactly, doubles and large integers rounded.
 * The bytes must lie in memory of their own starting at offset 0; F32 is not copied.
 */
export function decodeNumbers(
  bytes: Uint8Array<ArrayBuffer>,
  format: NumberFormat,
): Float32Array<ArrayBuffer> {
  const { buffer } = bytes
  switch (format) {
    case 'F32':
      return new Float32Array(buffer, 0, bytes.length / 4)
    case 'F16':
      return decodeHalf(new Uint16Array(buffer, 0, bytes.length / 2))
    case 'BF16':
      return decodeBrainFloat(new Uint16Array(buffer, 0, bytes.length / 2))
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, 0, bytes.length / 8))
    case 'I64':
      return Float32Array.from(new BigInt64Array(buffer, 0, bytes.length / 8), Number)
    case 'I32':
      return Float32Array.from(new Int32Array(buffer, 0, bytes.length / 4))
    case 'I16':
      return Float32Array.from(new Int16Array(buffer, 0, bytes.length / 2))
    case 'I8':
      return Float32Array.from(new Int8Array(buffer, 0, bytes.length))
    case 'U8':
    case 'BOOL':
      return Float32Array.from(bytes)
  }
}

/** Single precision as stored numbers; F16 is rounded to the nearest, ties to even, and overflows to infinity. */
export function encodeNumbers(values: Float32Array, format: 'F32' | 'F16'): Uint8Array {
  if (format === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const halves = new Uint16Array(values.length)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < halves.length; i++) halves[i] = halfFromSingleBits(bits[i]!)
  return new Uint8Array(halves.buffer)
}

let halfTable: Float32Array | undefined

/** A table of all 65536 halves is several times as fast as arithmetic on 150 million of them. */
function decodeHalf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const table = (halfTable ??= Float32Array.from({ length: 0x10000 }, (_, bits) => singleFromHalf(bits)))
  const values = new Float32Array(halves.length)
  for (let i = 0; i < values.length; i++) values[i] = table[halves[i]!]!
  return values
}

function singleFromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

function halfFromSingleBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 112 // re-biased from 127 to 15
  const fraction = bits & 0x7fffff
  if (exponent === 143) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200 | (fraction >>> 13))
  if (exponent >= 31) return sign | 0x7c00
  if (exponent < -10) return sign
  // Subnormal halves have the leading one inside the fraction; rounding up may carry into the exponent, rightly so.
  if (exponent <= 0) return sign | roundShift(fraction | 0x800000, 14 - exponent)
  return sign + ((exponent << 10) + roundShift(fraction, 13))
}

/** value / 2^shift, to the nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const kept = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept
}

function decodeBrainFloat(stored: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(stored.length)
  for (let i = 0; i < bits.length; i++) bits[i] = stored[i]! << 16
  return new Float32Array(bits.buffer)
}
