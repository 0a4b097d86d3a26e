import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '#main/engine/tensor/random'
import { hashDistance, largestDifference, lookOf, type Look } from '#main/services/image-import/look'
import { LARGEST_DIFFERENCE, MOST_BITS_APART, groupLookAlikes } from '#main/services/image-import/look-alikes'

/** Looks whose grey images are all alike, so that the hash alone decides. */
const withHash = (low: number, high: number): Look => ({
  low: low >>> 0,
  high: high >>> 0,
  grey: new Int8Array(256),
})

/** Connected components by comparing every pair. */
function bruteForce(looks: readonly (Look | null)[]): (number | null)[] {
  const names = looks.map((_, index) => index)
  for (const [i, a] of looks.entries())
    for (const [j, b] of looks.entries()) {
      const alike =
        a !== null &&
        b !== null &&
        hashDistance(a, b) <= MOST_BITS_APART &&
        largestDifference(a, b) <= LARGEST_DIFFERENCE
      if (!alike) continue
      const [from, to] = [Math.max(names[i]!, names[j]!), Math.min(names[i]!, names[j]!)]
      names.forEach((name, index) => {
        if (name === from) names[index] = to
      })
    }
  const shared = [...new Set(names)].filter((name) => names.filter((other) => other === name).length > 1)
  return names.map((name) => (shared.includes(name) ? shared.indexOf(name) : null))
}

describe('groupLookAlikes', () => {
  test('finds every pair that comparing all with all finds', () => {
    const flips = fc.array(fc.nat(63), { maxLength: 9 })
    const looks = fc
      .array(fc.tuple(fc.integer(), fc.integer(), fc.array(flips, { maxLength: 4 })), { maxLength: 8 })
      .map((originals) =>
        originals.flatMap(([low, high, copies]) => [
          withHash(low, high),
          ...copies.map((bits) => {
            const mask = [0, 0]
            for (const bit of bits) mask[bit >> 5]! ^= 1 << (bit & 31)
            return withHash(low ^ mask[0]!, high ^ mask[1]!)
          }),
        ]),
      )
    return fc.assert(
      fc.asyncProperty(looks, async (list) => {
        expect(await groupLookAlikes(list, [])).toEqual(bruteForce(list))
      }),
      { numRuns: 300 },
    )
  })

  test('joins what is known to be alike, leaves blank images alone', async () => {
    expect(await groupLookAlikes([null, null, withHash(1, 2), null, withHash(-1, 7)], [[1, 4]])).toEqual([
      null,
      0,
      null,
      null,
      0,
    ])
  })

  test('does not compare all with all, also where most look alike', async () => {
    const random = createRandom(1)
    const word = () => random.integer(2 ** 32)
    const size = 40_000
    const varied = Array.from({ length: size }, () => withHash(word(), word()))
    const film = Array.from({ length: size }, () =>
      withHash(1 << random.integer(32), 1 << random.integer(32)),
    )
    const before = process.cpuUsage()
    expect((await groupLookAlikes(varied, [])).filter((group) => group !== null).length).toBeLessThan(100)
    expect(new Set(await groupLookAlikes(film, []))).toEqual(new Set([0]))
    // About 1 s; all with all takes 1.6 thousand million comparisons.
    expect(process.cpuUsage(before).user).toBeLessThan(8e6)
  })
})

describe('lookOf', () => {
  const image = (value: (x: number, y: number) => number) =>
    Uint8Array.from({ length: 1024 }, (_, i) => value(i % 32, Math.floor(i / 32)))

  test('is null for one plain colour and for nothing but noise of one grey level', () => {
    expect(lookOf(image(() => 200))).toBeNull()
    expect(lookOf(image((x, y) => 200 + ((x * 7 + y * 3) % 2)))).toBeNull()
  })

  test('does not change with brightness and contrast, but with a mirror', () => {
    const shape = (x: number, y: number) => 40 + 3 * x + 40 * Math.sin(y / 5) * Math.cos(x / 9)
    const look = lookOf(image(shape))!
    const lighter = lookOf(image((x, y) => 30 + 0.9 * shape(x, y)))!
    expect(hashDistance(look, lighter)).toBeLessThanOrEqual(2)
    expect(largestDifference(look, lighter)).toBeLessThan(LARGEST_DIFFERENCE)
    expect(hashDistance(look, lookOf(image((x, y) => shape(31 - x, y)))!)).toBeGreaterThan(MOST_BITS_APART)
  })
})
