import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom, normalArray } from '#main/engine/tensor/random'

interface Recorded {
  samples: [seed: number, n: number, k: number, drawn: number[]][]
  streams: { seed: number; first: number[]; after1000: number; integers: number[]; shuffled: number[] }[]
  oneStream: number[][]
}
const python = JSON.parse(readFileSync('tests/fixtures/python-random.json', 'utf8')) as Recorded

describe('a stream with a seed alone is CPython, bit for bit', () => {
  test.each(python.samples)('seed %d: sample %d choose %d', (seed, n, k, drawn) => {
    expect(createRandom(seed).sample(n, k)).toEqual(drawn)
  })

  test.each(python.streams)('seed $seed: uniform, integer and shuffle', (recorded) => {
    const random = createRandom(recorded.seed)
    expect(Array.from({ length: 3 }, () => random.uniform())).toEqual(recorded.first)
    expect(Array.from({ length: 1000 }, () => random.uniform()).at(-1)).toBe(recorded.after1000)
    const bounds = [1, 2, 3, 100, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 53 - 1]
    expect(bounds.map((n) => random.integer(n))).toEqual(recorded.integers)
    expect(random.shuffle(Array.from({ length: 12 }, (_, index) => index))).toEqual(recorded.shuffled)
  })

  test('sample after sample from one stream, as few-shot lists are drawn', () => {
    const random = createRandom(1)
    const sizes = [20, 84, 85, 86, 300, 7, 5000]
    expect(sizes.map((n) => random.sample(n, Math.min(n, 16)))).toEqual(python.oneStream)
  })
})

describe('a stream with a purpose', () => {
  const draw = (...args: Parameters<typeof createRandom>) => {
    const random = createRandom(...args)
    return Array.from({ length: 4 }, () => random.uniform())
  }

  test('is the same whenever it is made', () => {
    expect(draw(1, 'crops', 7)).toEqual(draw(1, 'crops', 7))
  })

  test('differs from every other seed and purpose', () => {
    const streams = [
      draw(1),
      draw(1, 'crops', 7),
      draw(1, 'crops', 8),
      draw(2, 'crops', 7),
      draw(1, 'crops7'),
    ]
    expect(new Set(streams.map(String)).size).toBe(streams.length)
  })

  test('tells a number from its text, and one word from two', () => {
    expect(draw(1, 7)).not.toEqual(draw(1, '7'))
    expect(draw(1, 'a', 'b')).not.toEqual(draw(1, 'a,b'))
  })
})

describe('what every stream promises', () => {
  test('sample gives k different numbers below n', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(300), fc.nat(300), (seed, a, b) => {
        const [k, n] = [Math.min(a, b), Math.max(a, b)]
        const drawn = createRandom(seed, 'test').sample(n, k)
        expect(new Set(drawn).size).toBe(k)
        expect(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < n)).toBe(true)
      }),
    )
  })

  test('shuffle keeps the items and its argument', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
        const before = [...items]
        const ascending = (a: number, b: number) => a - b
        expect(createRandom(seed).shuffle(items).sort(ascending)).toEqual([...items].sort(ascending))
        expect(items).toEqual(before)
      }),
    )
  })

  test('normal numbers have mean 0, the given deviation and normal tails', () => {
    const values = normalArray(createRandom(3, 'normal'), 40_000, 0.02)
    const mean = values.reduce((total, value) => total + value, 0) / values.length
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length
    const within = values.filter((value) => Math.abs(value) < 0.02).length / values.length
    expect(mean).toBeCloseTo(0, 3)
    expect(Math.sqrt(variance)).toBeCloseTo(0.02, 3)
    expect(within).toBeCloseTo(0.6827, 2)
  })

  test('refuses what has no answer', () => {
    expect(() => createRandom(1.5)).toThrow(RangeError)
    expect(() => createRandom(1).integer(0)).toThrow(RangeError)
    expect(() => createRandom(1).sample(3, 4)).toThrow(RangeError)
  })
})
