import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Split } from '#shared/schemas/dataset'
import {
  DEFAULT_FRACTIONS,
  completeSplit,
  countSplits,
  makeSplit,
  previewSplit,
  type Splittable,
} from '#main/services/splits'

/** `sizes[label]` images of each class. */
function imagesOf(sizes: readonly number[]): Splittable[] {
  return sizes.flatMap((size, label) =>
    Array.from({ length: size }, (_, i) => ({ path: `${label}/${i}.jpg`, label, group: null })),
  )
}
const countsOf = (images: readonly Splittable[], splits: readonly Split[], label: number) =>
  countSplits(splits.filter((_, index) => images[index]!.label === label))

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })
const fractions = fc
  .tuple(fc.integer({ min: 1, max: 10 }), fc.nat(10), fc.nat(10))
  .map(([train, validation, test]) => {
    const sum = train + validation + test
    return { train: train / sum, validation: validation / sum, test: test / sum }
  })
/** Images of which some belong to groups, across classes too. */
const groupedImages = fc
  .tuple(sizes, fc.array(fc.option(fc.nat(6), { nil: null, freq: 3 }), { minLength: 60 }))
  .map(([perClass, groups]) =>
    imagesOf(perClass).map((image, index) => ({ ...image, group: groups[index % groups.length]! })),
  )

describe('makeSplit', () => {
  test('meets the fractions class by class, rounding half to even', () => {
    const images = imagesOf([100, 10, 34, 5])
    const splits = makeSplit(images, { seed: 1, fractions: DEFAULT_FRACTIONS })
    expect(countsOf(images, splits, 0)).toEqual({ train: 50, validation: 20, test: 30 })
    expect(countsOf(images, splits, 1)).toEqual({ train: 5, validation: 2, test: 3 })
    expect(countsOf(images, splits, 2)).toEqual({ train: 17, validation: 7, test: 10 })
    expect(countsOf(images, splits, 3)).toEqual({ train: 2, validation: 1, test: 2 })
  })

  test('gives every image one split, near its fraction, and no wanted split none where three images are', () => {
    fc.assert(
      fc.property(sizes, fractions, fc.nat(), (perClass, share, seed) => {
        const images = imagesOf(perClass)
        const splits = makeSplit(images, { seed, fractions: share })
        expect(splits).toHaveLength(images.length)
        perClass.forEach((size, label) => {
          const counts = countsOf(images, splits, label)
          expect(counts.train + counts.validation + counts.test).toBe(size)
          expect(counts.train).toBeGreaterThan(0)
          for (const split of ['train', 'validation', 'test'] as const) {
            expect(Math.abs(counts[split] - size * share[split])).toBeLessThanOrEqual(2)
            if (size >= 3) expect(counts[split] > 0).toBe(share[split] > 0)
          }
        })
      }),
    )
  })

  test('keeps copies on one side, also across classes', () => {
    fc.assert(
      fc.property(groupedImages, fractions, fc.nat(), (images, share, seed) => {
        const splits = makeSplit(images, { seed, fractions: share })
        for (let group = 0; group <= 6; group++) {
          const sides = splits.filter((_, index) => images[index]!.group === group)
          expect(new Set(sides).size).toBeLessThanOrEqual(1)
        }
        expect(splits.every((split) => share[split] > 0)).toBe(true)
      }),
    )
  })

  test.each([
    ['4 2 1 1 1', [0, 0, 0, 0, 1, 1, null, null, null]],
    ['3 3 1', [0, 0, 0, 1, 1, 1, null]],
    ['8 1 1', [0, 0, 0, 0, 0, 0, 0, 0, null, null]],
  ])('leaves no split empty with copies in groups of %s', (_, groups) => {
    const images = imagesOf([groups.length]).map((image, index) => ({ ...image, group: groups[index]! }))
    const counts = countSplits(makeSplit(images, { seed: 1, fractions: DEFAULT_FRACTIONS }))
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0)
  })

  test('depends on the seed and not on the order of the images', () => {
    const images = imagesOf([40, 40])
    const place = (list: Splittable[], seed: number) => {
      const splits = makeSplit(list, { seed, fractions: DEFAULT_FRACTIONS })
      return Object.fromEntries(list.map(({ path }, index) => [path, splits[index]]))
    }
    expect(place(images.toReversed(), 1)).toEqual(place(images, 1))
    expect(place(images, 2)).not.toEqual(place(images, 1))
  })

  test('keeps the splits that are given and sends copies after them', () => {
    const images = imagesOf([10, 4]).map((image, index) => ({
      ...image,
      group: index === 0 || index === 13 ? 7 : null,
    }))
    const given = images.map((_, index) => (index < 3 ? ('test' as const) : null))
    const splits = makeSplit(images, { seed: 1, fractions: DEFAULT_FRACTIONS }, given)
    expect(splits.slice(0, 3)).toEqual(['test', 'test', 'test'])
    expect(splits[13]).toBe('test')
    expect(countsOf(images, splits, 0)).toEqual({ train: 5, validation: 2, test: 3 })
  })

  test('refuses fractions that leave nothing to train on or do not add up', () => {
    const split = (train: number, validation: number, test: number) => () =>
      makeSplit(imagesOf([5]), { seed: 1, fractions: { train, validation, test } })
    expect(split(0, 0.5, 0.5)).toThrow(/cannot be split/)
    expect(split(0.5, 0.5, 0.5)).toThrow(/cannot be split/)
  })
})

describe('completeSplit', () => {
  const images = imagesOf([30, 30])
  const request = { seed: 1, fractions: DEFAULT_FRACTIONS }
  const third = (names: readonly (Split | null)[]) => images.map((_, index) => names[index % 3]!)

  test('leaves a complete split alone', () => {
    const found = third(['train', 'validation', 'test'])
    expect(completeSplit(images, found, request)).toEqual({ splits: found, origin: 'source', missing: [] })
  })

  test('splits anew where there is only one split, or none', () => {
    for (const found of [
      third([null, null, null]),
      third(['train', 'train', 'train']),
      third(['test', 'validation', 'test']),
    ]) {
      const { splits, origin } = completeSplit(images, found, request)
      expect(origin).toBe('seeded')
      expect(countsOf(images, splits, 0)).toEqual({ train: 15, validation: 6, test: 9 })
    }
  })

  test('takes a fifth of the training images where validation is missing', () => {
    const found = third(['train', 'train', 'test'])
    const { splits, origin, missing } = completeSplit(images, found, request)
    expect([origin, missing]).toEqual(['completed', ['validation']])
    expect(countsOf(images, splits, 0)).toEqual({ train: 16, validation: 4, test: 10 })
    expect(splits.every((split, index) => (split === 'test') === (found[index] === 'test'))).toBe(true)
  })

  test('tests on the validation images where there is no test split', () => {
    const found = third(['train', 'train', 'validation'])
    const { splits, origin } = completeSplit(images, found, request)
    expect(origin).toBe('completed')
    expect(splits.every((split, index) => (split === 'test') === (found[index] === 'validation'))).toBe(true)
    expect(countsOf(images, splits, 1)).toEqual({ train: 16, validation: 4, test: 10 })
  })

  test('distributes the images that have none', () => {
    const found = images.map((_, i) => (['train', 'validation', 'test', null, null] as const)[i % 5]!)
    const { splits, origin } = completeSplit(images, found, request)
    expect(origin).toBe('completed')
    expect(splits.every((split, index) => (found[index] ?? split) === split)).toBe(true)
    expect(countsOf(images, splits, 0)).toEqual({ train: 15, validation: 6, test: 9 })
  })
})

test('previewSplit shows counts and first files without changing anything', () => {
  const images = imagesOf([10, 20])
  const before = structuredClone(images)
  const preview = previewSplit({
    classes: [{ name: 'cat' }, { name: 'dog' }],
    images,
    seed: 1,
    fractions: DEFAULT_FRACTIONS,
    examples: 2,
  })
  expect(images).toEqual(before)
  expect(preview.counts).toEqual({ train: 15, validation: 6, test: 9 })
  expect(preview.classes[1]!.counts).toEqual({ train: 10, validation: 4, test: 6 })
  const splits = makeSplit(images, { seed: 1, fractions: DEFAULT_FRACTIONS })
  const firstTests = images
    .filter((image, index) => image.label === 1 && splits[index] === 'test')
    .slice(0, 2)
  expect(preview.classes[1]!.examples.test).toEqual(firstTests.map(({ path }) => path))
})
