import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readNpy, writeNpy } from '#main/engine/tensor/npy'
import { AppError } from '#shared/errors'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const numpy = join(import.meta.dirname, '../../../fixtures/numbers')
const numbers = Array.from({ length: 24 }, (_, i) => i / 7 - 1)

describe('readNpy', () => {
  test('reads what NumPy wrote', async () => {
    expect(await readNpy(join(numpy, 'single.npy'))).toEqual({
      shape: [2, 3, 4],
      data: Float32Array.from(numbers),
    })
    expect(await readNpy(join(numpy, 'double.npy'))).toEqual({
      shape: [24],
      data: Float64Array.from(numbers),
    })
    expect(await readNpy(join(numpy, 'scalar.npy'))).toEqual({ shape: [], data: Float64Array.of(0.1) })
    expect(await readNpy(join(numpy, 'empty.npy'))).toEqual({ shape: [0, 5], data: new Float32Array(0) })
  })

  test.each([
    ['integers.npy', /C order expected, .*<i8/],
    ['columns-first.npy', /'fortran_order': True/],
    ['halves.json', /does not begin like one/],
  ])('refuses %s', async (name, message) => {
    await expect(readNpy(join(numpy, name))).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    })
  })

  test('fails with AppError alone on cut off and changed files', async () => {
    const path = join(temporaryFolder(), 'broken.npy')
    const whole = readFileSync(join(numpy, 'single.npy'))
    const change = fc.record({
      length: fc.nat(whole.length),
      at: fc.nat(whole.length - 1),
      value: fc.nat(255),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ length, at, value }) => {
        const broken = Buffer.from(whole)
        broken[at] = value
        writeFileSync(path, broken.subarray(0, length))
        const outcome = await readNpy(path).catch((thrown: unknown) => thrown)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AppError)
        else expect(length).toBe(whole.length)
      }),
    )
  })
})

describe('writeNpy', () => {
  test('writes the bytes of NumPy', () => {
    const path = join(temporaryFolder(), 'ours.npy')
    writeNpy(path, { shape: [2, 3, 4], data: Float32Array.from(numbers) })
    expect(readFileSync(path)).toEqual(readFileSync(join(numpy, 'single.npy')))
    writeNpy(path, { shape: [24], data: Float64Array.from(numbers) })
    expect(readFileSync(path)).toEqual(readFileSync(join(numpy, 'double.npy')))
  })

  test('gives back what was written', async () => {
    const path = join(temporaryFolder(), 'ours.npy')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 5 }), fc.boolean(), async (shape, isDouble) => {
        const length = shape.reduce((product, side) => product * side, 1)
        const values = Array.from({ length }, (_, i) => Math.sin(i))
        const data = isDouble ? Float64Array.from(values) : Float32Array.from(values)
        writeNpy(path, { shape, data })
        expect(await readNpy(path)).toEqual({ shape, data })
      }),
      { numRuns: 30 },
    )
  })

  test('replaces a file as a whole or not at all', () => {
    const path = join(temporaryFolder(), 'ours.npy')
    copyFileSync(join(numpy, 'single.npy'), path)
    expect(() => writeNpy(path, { shape: [5], data: new Float32Array(4) })).toThrow(RangeError)
    expect(readFileSync(path)).toEqual(readFileSync(join(numpy, 'single.npy')))
  })
})
