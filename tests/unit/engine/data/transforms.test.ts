import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resample, wholeBox, type Raster } from '#main/engine/data/resample'
import {
  evaluationView,
  mirror,
  randomResizedCropBox,
  randomTrainingView,
  shorterSideSize,
  toPixels,
  type ViewRandom,
} from '#main/engine/data/transforms'
import { createRandom } from '#main/engine/tensor/random'

const preprocessing = {
  resizeTo: 8,
  cropSize: 8,
  interpolation: 'bicubic',
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.25, 0.5],
} as const satisfies Parameters<typeof evaluationView>[1]

const sizes = fc.record({ width: fc.integer({ min: 1, max: 60 }), height: fc.integer({ min: 1, max: 60 }) })

function plain({ width, height }: { width: number; height: number }, colour: readonly number[]): Raster {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!) }
}

function noise({ width, height }: { width: number; height: number }, seed = 1): Raster {
  const random = createRandom(seed)
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) }
}

/** Gives the numbers it was told to, so that a draw can be followed by hand. */
function scripted(uniforms: number[], integers: number[]): ViewRandom {
  return { uniform: () => uniforms.shift()!, integer: (n) => Math.min(integers.shift()!, n - 1) }
}

describe('resample', () => {
  test('keeps a plain colour at any size', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), (from, to, colour) => {
        const picture = plain(from, colour)
        expect(resample(picture, wholeBox(picture), to)).toEqual(plain(to, colour))
      }),
    )
  })

  test('changes nothing when the size stays', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const picture = noise(size)
        expect(resample(picture, wholeBox(picture), size)).toEqual(picture)
      }),
    )
  })

  test('sees nothing outside the box', () => {
    const box = { left: 3, top: 2, width: 9, height: 7 }
    const picture = noise({ width: 20, height: 12 })
    const changed = { ...picture, data: picture.data.slice() }
    for (let i = 0; i < changed.data.length; i++) {
      const [x, y] = [Math.floor(i / 3) % 20, Math.floor(i / 60)]
      const isInside = x >= 3 && x < 12 && y >= 2 && y < 9
      if (!isInside) changed.data[i] = 255 - changed.data[i]!
    }
    const to = { width: 5, height: 6 }
    expect(resample(changed, box, to)).toEqual(resample(picture, box, to))
  })
})

describe('shorterSideSize', () => {
  test.each([
    [
      { width: 500, height: 375 },
      { width: 298, height: 224 },
    ],
    [
      { width: 375, height: 500 },
      { width: 224, height: 298 },
    ],
    [
      { width: 224, height: 224 },
      { width: 224, height: 224 },
    ],
    [
      { width: 1, height: 3 },
      { width: 224, height: 672 },
    ],
  ])('$0 -> $1', (from, to) => expect(shorterSideSize(from, 224)).toEqual(to))
})

describe('randomResizedCropBox', () => {
  test('draws area, ratio, top and left in this order', () => {
    const random = scripted([0.5, 0.5], [10, 20])
    // area 0.54 of 10000, ratio exp((ln 3/4 + ln 4/3) / 2) = 1: a square of 73.48 pixels
    expect(randomResizedCropBox({ width: 100, height: 100 }, random)).toEqual({
      left: 20,
      top: 10,
      width: 73,
      height: 73,
    })
  })

  test('lies inside the picture with area and ratio as asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 400 }),
        fc.integer({ min: 20, max: 400 }),
        fc.nat(),
        (width, height, seed) => {
          const box = randomResizedCropBox({ width, height }, createRandom(seed))
          expect(box.left).toBeGreaterThanOrEqual(0)
          expect(box.top).toBeGreaterThanOrEqual(0)
          expect(box.left + box.width).toBeLessThanOrEqual(width)
          expect(box.top + box.height).toBeLessThanOrEqual(height)
          const rounding = 1 + 2 / Math.min(box.width, box.height)
          expect(box.width / box.height).toBeLessThan((4 / 3) * rounding)
          expect(box.width / box.height).toBeGreaterThan(3 / 4 / rounding)
        },
      ),
    )
  })

  test('takes the middle where nothing fits', () => {
    const tooWide = scripted(new Array<number>(20).fill(0.999), [])
    expect(randomResizedCropBox({ width: 300, height: 10 }, tooWide)).toEqual({
      left: 143,
      top: 0,
      width: 13,
      height: 10,
    })
    const tooTall = scripted(new Array<number>(20).fill(0.999), [])
    expect(randomResizedCropBox({ width: 10, height: 300 }, tooTall)).toEqual({
      left: 0,
      top: 143,
      width: 10,
      height: 13,
    })
  })

  test('shares of the area are uniform between 0.08 and 1, less the large ones with a side that does not fit', () => {
    const random = createRandom(3)
    const areas = Array.from({ length: 4000 }, () => {
      const { width, height } = randomResizedCropBox({ width: 1000, height: 1000 }, random)
      return (width * height) / 1e6
    })
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length
    expect(Math.min(...areas)).toBeGreaterThan(0.079)
    // From 3/4 on a share a fits with probability ln(1/a) / ln(4/3): 0.377 / 0.789
    expect(Math.abs(mean - 0.478)).toBeLessThan(0.012)
  })
})

describe('views', () => {
  test('have the size that CLIP reads, whatever the picture', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (size, seed) => {
        const picture = noise(size)
        for (const view of [
          evaluationView(picture, preprocessing),
          randomTrainingView(picture, preprocessing, createRandom(seed)),
        ]) {
          expect([view.width, view.height, view.data.length]).toEqual([8, 8, 192])
        }
      }),
    )
  })

  test('the training view is mirrored when the last draw is below one half', () => {
    const picture = noise({ width: 30, height: 30 })
    const draw = (last: number) =>
      randomTrainingView(picture, preprocessing, scripted([0.5, 0.5, last], [1, 2]))
    expect(draw(0.49)).toEqual(mirror(draw(0.5)))
    expect(draw(0.49)).not.toEqual(draw(0.5))
  })

  test('the same random stream draws the same view', () => {
    const picture = noise({ width: 30, height: 20 })
    const draw = () => randomTrainingView(picture, preprocessing, createRandom(5, 'crops', 1))
    expect(draw()).toEqual(draw())
  })

  test('mirroring twice changes nothing', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const picture = noise(size)
        expect(mirror(mirror(picture))).toEqual(picture)
      }),
    )
  })
})

describe('toPixels', () => {
  test('scales to 0..1, subtracts the mean and divides by the deviation, picture after picture', () => {
    const black = plain({ width: 1, height: 1 }, [0, 0, 0])
    const mixed = plain({ width: 1, height: 1 }, [255, 51, 102])
    const pixels = toPixels([black, mixed], preprocessing.mean, preprocessing.std)
    const expected = [-0.5 / 0.2, -0.4 / 0.25, -0.3 / 0.5, 0.5 / 0.2, -0.2 / 0.25, 0.1 / 0.5]
    expected.forEach((value, i) => expect(pixels[i]).toBeCloseTo(value, 6))
  })
})
