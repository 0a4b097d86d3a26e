import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wilsonInterval } from '../../../../src/renderer/src/components/results/wilson.ts'

describe("Wilson's interval", () => {
  it("is that of Newcombe's examples (1998, table I, method 3)", () => {
    const known: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ]
    for (const [right, all, low, high] of known) {
      const interval = wilsonInterval(right, all)!
      expect(interval.low).toBeCloseTo(low, 4)
      expect(interval.high).toBeCloseTo(high, 4)
    }
  })

  it('ends where the share lies 1.96 standard errors away, by the error at the end', () => {
    const counts = fc
      .integer({ min: 2, max: 5000 })
      .chain((all) => fc.tuple(fc.integer({ min: 1, max: all - 1 }), fc.constant(all)))
    fc.assert(
      fc.property(counts, ([right, all]) => {
        const { low, high } = wilsonInterval(right, all)!
        for (const end of [low, high]) {
          const error = Math.sqrt((end * (1 - end)) / all)
          expect(Math.abs(right / all - end) / error).toBeCloseTo(1.959964, 4)
        }
      }),
    )
  })

  it('holds the share, stays within 0 and 1, and is symmetric in right and wrong', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, part) => {
          const right = Math.round(all * part)
          const { low, high } = wilsonInterval(right, all)!
          expect(low).toBeGreaterThanOrEqual(0)
          expect(high).toBeLessThanOrEqual(1)
          expect(low).toBeLessThanOrEqual(right / all + 1e-12)
          expect(high).toBeGreaterThanOrEqual(right / all - 1e-12)
          const mirrored = wilsonInterval(all - right, all)!
          expect(mirrored.low).toBeCloseTo(1 - high, 10)
        },
      ),
    )
  })

  it('is nothing without pictures', () => {
    expect(wilsonInterval(0, 0)).toBeNull()
  })
})
