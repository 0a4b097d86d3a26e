import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  openSafetensors,
  readSafetensors,
  writeSafetensors,
  type NamedTensor,
} from '#main/engine/tensor/safetensors'
import { AppError } from '#shared/errors'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const fixtures = join(import.meta.dirname, '../../../fixtures/clip')

/** A file with any header and any data. */
function craft(header: unknown, data = Buffer.alloc(0), { claim }: { claim?: bigint } = {}): string {
  const path = join(temporaryFolder(), 'crafted.safetensors')
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(claim ?? BigInt(json.length))
  writeFileSync(path, Buffer.concat([length, json, data]))
  return path
}

const entry = (shape: number[], from: number, to: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
})
const eight = Buffer.alloc(8)

describe('readSafetensors', () => {
  const numbers = JSON.parse(readFileSync(join(fixtures, 'few.json'), 'utf8')) as Record<string, number[]>

  test.each(['float64', 'float32', 'float16', 'bfloat16'])('reads %s that PyTorch wrote', async (format) => {
    const { tensors } = await readSafetensors(join(fixtures, `few-${format}.safetensors`))
    const prefix = format === 'bfloat16' ? 'bfloat16:' : ''
    expect(tensors.get('text_projection.weight')!.shape).toEqual([24, 64])
    for (const [name, { data }] of tensors) {
      const expected = numbers[prefix + name]!
      expect(data).toHaveLength(expected.length)
      expected.forEach((value, i) => expect(data[i]).toBeCloseTo(value, 6))
    }
  })

  test.each([
    [
      'a header longer than the file',
      () => craft('{}', eight, { claim: 11n }),
      /header of 11 bytes, at most 10 fit/,
    ],
    [
      'a header that is not there',
      () => craft('{}', eight, { claim: 2n ** 32n }),
      /header of 4294967296 bytes, at most 10 fit/,
    ],
    [
      'a header beyond all limits',
      () => craft('{}', eight, { claim: 2n ** 64n - 1n }),
      /18446744073709551615/,
    ],
    ['a header that is an array', () => craft('[]'), /does not begin with/],
    ['a header that is cut off', () => craft('{"a":'), /not JSON/],
    [
      'a header that is no text',
      () => craft(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1') + '\ud800'),
      /not JSON|UTF-8/,
    ],
    [
      'a name given twice',
      () =>
        craft(
          '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
          eight,
        ),
      /twice/,
    ],
    ['an unknown number format', () => craft({ a: entry([8], 0, 8, 'F8_E4M3') }, eight), /"F8_E4M3"/],
    [
      'a shape that needs more bytes',
      () => craft({ a: entry([3], 0, 8) }, eight),
      /\[3\] as F32 needs 12 bytes, its offsets give 8/,
    ],
    [
      'a shape beyond all numbers',
      () => craft({ a: entry([2 ** 50, 2 ** 50], 0, 8) }, eight),
      /needs Infinity bytes/,
    ],
    ['a negative side', () => craft({ a: entry([-2], 0, 8) }, eight), /no valid dtype, shape/],
    ['offsets that run backwards', () => craft({ a: entry([2], 8, 0) }, eight), /its offsets give -8/],
    ['a hole', () => craft({ a: entry([1], 4, 8) }, eight), /begins at byte 4 of the data, 0 expected/],
    ['an overlap', () => craft({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, eight), /begins at byte 4/],
    [
      'data behind the end',
      () => craft({ a: entry([1], 0, 4) }, eight),
      /describes 4 bytes of data, the file holds 8/,
    ],
    [
      'too little data',
      () => craft({ a: entry([4], 0, 16) }, eight),
      /describes 16 bytes of data, the file holds 8/,
    ],
    ['metadata that is no text', () => craft({ __metadata__: { a: 1 } }), /__metadata__/],
    ['an entry that is no object', () => craft({ a: 5 }), /entry of tensor "a"/],
    ['a nest of brackets', () => craft(`{"a":${'['.repeat(200_000)}`), /not JSON/],
  ])('refuses %s', async (_, make, message) => {
    await expect(openSafetensors(make())).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    })
  })

  test('shows hostile names in one short line', async () => {
    const name = `\n\u001b[31m${'x'.repeat(5000)}`
    const outcome = await openSafetensors(craft({ [name]: entry([1], 4, 8) }, eight)).catch(
      (thrown: unknown) => thrown,
    )
    const { message } = outcome as AppError
    expect(message).not.toMatch(/[\n\u001b]/)
    expect(message.length).toBeLessThan(500)
  })

  test('takes names that mean something to JavaScript', async () => {
    const path = craft(
      '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"constructor":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      eight,
    )
    const { tensors } = await readSafetensors(path)
    expect([...tensors.keys()].sort()).toEqual(['__proto__', 'constructor'])
  })

  test('reads empty tensors and single numbers', async () => {
    const { tensors } = await readSafetensors(
      craft({ a: entry([0, 3], 0, 0), b: entry([], 0, 4) }, Buffer.alloc(4)),
    )
    expect(tensors.get('a')).toEqual({ shape: [0, 3], data: new Float32Array(0) })
    expect(tensors.get('b')).toEqual({ shape: [], data: Float32Array.of(0) })
  })

  test('notices when the file shrinks while it is open', async () => {
    const path = craft({ a: entry([2], 0, 8) }, eight)
    const file = await openSafetensors(path)
    truncateSync(path, file.sizeBytes - 4)
    await expect(file.read('a')).rejects.toMatchObject({ code: 'bad-file' })
    await file.close()
  })

  test('fails with AppError alone on cut off and changed files', async () => {
    const path = join(temporaryFolder(), 'broken.safetensors')
    const whole = readFileSync(join(fixtures, 'few-float16.safetensors'))
    const change = fc.record({
      length: fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
      at: fc.nat(220),
      bit: fc.nat(7),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ length, at, bit }) => {
        const broken = Buffer.from(whole)
        broken[at] = broken[at]! ^ (1 << bit)
        writeFileSync(path, broken.subarray(0, length))
        const outcome = await readSafetensors(path).catch((thrown: unknown) => thrown)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AppError)
        else expect(length).toBe(whole.length)
      }),
      { numRuns: 200 },
    )
  })
})

describe('writeSafetensors', () => {
  const name = fc
    .string({ minLength: 1, unit: 'binary' })
    .filter((text) => text !== '__metadata__' && text.isWellFormed())
  const tensor: fc.Arbitrary<NamedTensor> = fc.array(fc.nat(4), { maxLength: 3 }).map((shape) => {
    const length = shape.reduce((product, side) => product * side, 1)
    return { shape, data: Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i))) }
  })

  test('gives back what was written, whatever the names', async () => {
    const path = join(temporaryFolder(), 'ours.safetensors')
    const metadata = fc.dictionary(name, fc.string(), { noNullPrototype: true })
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, tensor, { noNullPrototype: true }),
        metadata,
        async (tensors, texts) => {
          writeSafetensors(path, tensors, { metadata: texts })
          const content = await readSafetensors(path)
          expect(new Map(content.tensors)).toEqual(new Map(Object.entries(tensors)))
          expect(content.metadata).toEqual(texts)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is read by the library of Hugging Face: the header ends at a multiple of eight bytes', () => {
    const path = join(temporaryFolder(), 'ours.safetensors')
    writeSafetensors(path, { abc: { shape: [1], data: Float32Array.of(1) } })
    const bytes = readFileSync(path)
    expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0)
    expect(bytes.readFloatLE(bytes.length - 4)).toBe(1)
  })

  test('the same content gives the same bytes in whatever order it comes', () => {
    const path = join(temporaryFolder(), 'ours.safetensors')
    const a = { shape: [1], data: Float32Array.of(1) }
    const b = { shape: [1], data: Float32Array.of(2) }
    writeSafetensors(path, { a, b }, { metadata: { x: '1', y: '2' } })
    const first = readFileSync(path)
    writeSafetensors(path, { b, a }, { metadata: { y: '2', x: '1' } })
    expect(readFileSync(path)).toEqual(first)
  })

  test('halves the size in half precision', async () => {
    const path = join(temporaryFolder(), 'ours.safetensors')
    writeSafetensors(path, { a: { shape: [2], data: Float32Array.of(0.5, 1 / 3) } }, { format: 'F16' })
    const { tensors } = await readSafetensors(path)
    expect([...tensors.get('a')!.data]).toEqual([0.5, 0.333251953125])
  })

  test('refuses a shape that the numbers do not fill', () => {
    expect(() => writeSafetensors('nowhere', { a: { shape: [3], data: new Float32Array(2) } })).toThrow(
      /2 numbers/,
    )
  })
})
