import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseToNew, drawFewShot, restrictTo } from '#main/engine/data/few-shot'

type Sizes = [label: number, size: number][]
interface Recorded {
  sizes: { train: Sizes; val: Sizes }
  draws: { seed: number; shots: number; train: string[]; validation: string[] }[]
}
const python = JSON.parse(readFileSync('tests/fixtures/python-few-shot.json', 'utf8')) as Recorded

/** Interleaved lists, so that the order of first appearance is neither sorted nor grouped. */
function listOf(name: string, sizes: Sizes) {
  return Array.from({ length: 100 }, (_, index) =>
    sizes.filter(([, size]) => index < size).map(([label]) => ({ path: `${name}/${label}/${index}`, label })),
  ).flat()
}
const train = listOf('train', python.sizes.train)
const validation = listOf('val', python.sizes.val)
const paths = (items: readonly { path: string }[]) => items.map(({ path }) => path)

describe('drawFewShot', () => {
  test.each(python.draws)('seed $seed, $shots shots: the published draw', ({ seed, shots, ...expected }) => {
    const drawn = drawFewShot({ train, validation, shots, seed })
    expect(paths(drawn.train)).toEqual(expected.train)
    expect(paths(drawn.validation)).toEqual(expected.validation)
  })

  test('takes K per class for training and min(K, 4) for validation, or all there are', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.nat(), (perClass, shots, seed) => {
        const list = listOf(
          'x',
          perClass.map((size, label): [number, number] => [label, size]),
        )
        const drawn = drawFewShot({ train: list, validation: list, shots, seed })
        perClass.forEach((size, label) => {
          const count = (items: typeof list) =>
            new Set(paths(items.filter((item) => item.label === label))).size
          expect(count(drawn.train)).toBe(Math.min(size, shots))
          expect(count(drawn.validation)).toBe(Math.min(size, shots, 4))
        })
        expect(drawFewShot({ train: list, validation: list, shots, seed })).toEqual(drawn)
      }),
    )
  })

  test('halves the shots when alpha must not see other labels', () => {
    const whole = drawFewShot({ train, validation, shots: 16, seed: 2 })
    const halved = drawFewShot({ train, validation, shots: 16, seed: 2, alphaData: 'train-halves' })
    const ofLabel = (items: typeof train, label: number) => items.filter((item) => item.label === label)
    expect([...paths(halved.train), ...paths(halved.validation)].sort()).toEqual(paths(whole.train).sort())
    expect(ofLabel(halved.train, 0)).toHaveLength(8)
    expect(ofLabel(halved.validation, 0)).toHaveLength(8)
    expect(ofLabel(halved.train, 1)).toHaveLength(2) // 3 images in all
    expect(ofLabel(halved.validation, 1)).toHaveLength(1)
  })

  test('explains what it cannot draw', () => {
    expect(() => drawFewShot({ train, validation, shots: 0, seed: 1 })).toThrow(/shots is 0/)
    expect(() => drawFewShot({ train, validation, shots: 1, seed: 1, alphaData: 'train-halves' })).toThrow(
      /cannot be halved/,
    )
  })
})

describe('baseToNew', () => {
  test('halves the classes, the larger half being the base, both relabelled from 0', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), (labels) => {
        const parts = baseToNew([...labels, ...labels])
        expect(parts.base.size).toBe(Math.ceil(labels.length / 2))
        expect(parts.new.size).toBe(Math.floor(labels.length / 2))
        for (const part of [parts.base, parts.new])
          expect([...part.values()]).toEqual([...part.keys()].map((_, i) => i))
        expect([...parts.base.keys(), ...parts.new.keys()]).toEqual([...labels].sort((a, b) => a - b))
      }),
    )
  })

  test('restricts lists to one part', () => {
    const { new: part } = baseToNew([0, 1, 2, 3, 4])
    const items = [
      { path: 'a', label: 1 },
      { path: 'b', label: 4 },
      { path: 'c', label: 3 },
    ]
    expect(restrictTo(items, part)).toEqual([
      { path: 'b', label: 1 },
      { path: 'c', label: 0 },
    ])
  })
})
