import { AppError } from '#shared/errors'
import { writeFileAtomic } from '#main/files'
import { openFile } from './positioned-read.ts'
import { countNumbers } from './safetensors.ts'

/** An array of numbers as NumPy stores it: row-major, little-endian. */
export interface NpyArray {
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
const PREFIX_LENGTH = MAGIC.length + 4
/** NumPy starts the numbers at a multiple of this. */
const ALIGNMENT = 64

/** Writes a `.npy` file, format 1.0, durably. float32 or float64, as the data are. */
export function writeNpy(path: string, { shape, data }: NpyArray): void {
  if (data.length !== countNumbers(shape))
    throw new RangeError(`${data.length} numbers do not fill the shape [${shape.join(', ')}]`)
  const type = data instanceof Float32Array ? '<f4' : '<f8'
  const sides = shape.length === 1 ? `${shape[0]!},` : shape.join(', ')
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`
  const length = Math.ceil((PREFIX_LENGTH + header.length + 1) / ALIGNMENT) * ALIGNMENT - PREFIX_LENGTH
  const prefix = Buffer.concat([MAGIC, Buffer.from([1, 0, length & 0xff, length >> 8])])
  const padded = Buffer.from(`${header.padEnd(length - 1)}\n`, 'latin1')
  writeFileAtomic(path, [prefix, padded, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
}

/** Reads a `.npy` file of float32 or float64 numbers in row-major order. 'bad-file' for anything else. */
export async function readNpy(path: string): Promise<NpyArray> {
  const file = await openFile(path)
  try {
    const start = Buffer.from(await file.read(0, Math.min(PREFIX_LENGTH + 2, file.sizeBytes)))
    if (start.length < PREFIX_LENGTH + 2 || !start.subarray(0, MAGIC.length).equals(MAGIC))
      throw badNpy(path, 'it does not begin like one')
    const wide = start[MAGIC.length]! > 1
    const headerStart = wide ? PREFIX_LENGTH + 2 : PREFIX_LENGTH
    const headerLength = wide ? start.readUInt32LE(8) : start.readUInt16LE(8)
    const header = Buffer.from(await file.read(headerStart, headerLength)).toString('latin1')
    const { type, shape } = parseHeader(path, header)
    const bytes = countNumbers(shape) * (type === 'f4' ? 4 : 8)
    const available = file.sizeBytes - headerStart - headerLength
    if (bytes !== available)
      throw badNpy(path, `the shape [${shape.join(', ')}] needs ${bytes} bytes, ${available} are there`)
    const { buffer } = await file.read(headerStart + headerLength, bytes)
    return { shape, data: type === 'f4' ? new Float32Array(buffer) : new Float64Array(buffer) }
  } finally {
    await file.close()
  }
}

/** The header is a Python dictionary with these three keys, always written in this order. */
const HEADER =
  /^\{'descr': ?'<(f4|f8)', ?'fortran_order': ?False, ?'shape': ?\(((?:\d{1,15}, ?)*(?:\d{1,15})?)\),? ?\}\s*$/

function parseHeader(path: string, header: string): { type: 'f4' | 'f8'; shape: number[] } {
  const match = HEADER.exec(header)
  if (match === null)
    throw badNpy(
      path,
      `float32 or float64 numbers in C order expected, ${JSON.stringify(header.slice(0, 100).trim())} found`,
    )
  const [, type, sides] = match as unknown as [string, 'f4' | 'f8', string]
  return {
    type,
    shape: sides
      .split(/, ?/)
      .filter((side) => side !== '')
      .map(Number),
  }
}

function badNpy(path: string, reason: string): AppError {
  return new AppError('bad-file', `${path} is not a NumPy file that can be read: ${reason}.`, {
    hint: 'The file is damaged or of another kind. Save it again with numpy.save as float32.',
  })
}
