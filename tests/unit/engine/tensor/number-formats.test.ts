import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeNumbers, encodeNumbers } from '#main/engine/tensor/number-formats'

interface Halves {
  singleBits: number[]
  halfBits: number[]
}
const fixture = join(import.meta.dirname, '../../../fixtures/numbers/halves.json')
const { singleBits, halfBits } = JSON.parse(readFileSync(fixture, 'utf8')) as Halves

describe('half precision', () => {
  test('is rounded as NumPy rounds it, subnormal and overflowing numbers included', () => {
    const singles = new Float32Array(Uint32Array.from(singleBits).buffer)
    const bytes = encodeNumbers(singles, 'F16')
    expect([...new Uint16Array(bytes.buffer)]).toEqual(halfBits)
  })

  test('all 65536 of them survive the way there and back', () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits)
    const singles = decodeNumbers(new Uint8Array(all.buffer), 'F16')
    const back = new Uint16Array(encodeNumbers(singles, 'F16').buffer)
    const lost = [...all].filter((bits) => back[bits] !== bits && !Number.isNaN(singles[bits]))
    expect(lost).toEqual([])
    expect([...singles.subarray(0x7c01, 0x8000)].every(Number.isNaN)).toBe(true)
  })
})

describe('decodeNumbers', () => {
  test.each([
    ['F64', new Float64Array([1.5, -2e-3, 1e300]), [1.5, Math.fround(-2e-3), Infinity]],
    ['BF16', new Uint16Array([0x3f80, 0xc020, 0x7f80]), [1, -2.5, Infinity]],
    ['I64', new BigInt64Array([-3n, 2n ** 40n]), [-3, 2 ** 40]],
    ['I32', new Int32Array([-7, 70000]), [-7, 70000]],
    ['I16', new Int16Array([-7, 300]), [-7, 300]],
    ['I8', new Int8Array([-7, 7]), [-7, 7]],
    ['U8', new Uint8Array([0, 255]), [0, 255]],
    ['BOOL', new Uint8Array([0, 1]), [0, 1]],
  ] as const)('%s', (format, stored, expected) => {
    expect([...decodeNumbers(new Uint8Array(stored.buffer), format)]).toEqual([...expected])
  })
})
