import { writeFileAtomic } from '#main/files'
import type { NamedTensor } from './safetensors.ts'

/** Writes float32 numbers as a NumPy file (version 1.0, C order), durably. */
export function writeNpy(path: string, { shape, data }: NamedTensor): void {
  const dimensions = shape.length === 1 ? `${shape[0]!},` : shape.join(', ')
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dimensions}), }`
  // Magic, version and length take 10 bytes; the header ends with a line break on a multiple of 64.
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8])
  writeFileAtomic(path, [start, Buffer.from(padded, 'latin1'), Buffer.from(data.buffer, data.byteOffset, data.byteLength)])
}
