import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cividis, contrast, cssColor, diverging, inkOn } from '../../../../src/renderer/src/charts/cividis.ts'

const shares = fc.double({ min: 0, max: 1, noNaN: true })

describe('cividis', () => {
  it('goes from dark blue to yellow', () => {
    expect(cssColor(cividis(0))).toBe('rgb(0, 34, 78)')
    expect(cssColor(cividis(1))).toBe('rgb(254, 232, 56)')
    expect(cividis(-3)).toEqual(cividis(0))
    expect(cividis(7)).toEqual(cividis(1))
  })

  it('gets lighter all the way, so that it can be read without colour', () => {
    const black = [0, 0, 0] as const
    fc.assert(
      fc.property(shares, shares, (one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)]
        // Channels are whole numbers, so the lightness of neighbours may differ by their rounding.
        expect(contrast(cividis(high), black)).toBeGreaterThan(contrast(cividis(low), black) - 0.1)
      }),
    )
  })

  it('always leaves black or white readable on it', () => {
    fc.assert(
      fc.property(shares, fc.boolean(), (share, isSequential) => {
        const color = isSequential ? cividis(share) : diverging(share * 2 - 1)
        const ink = inkOn(color) === '#000000' ? ([0, 0, 0] as const) : ([255, 255, 255] as const)
        expect(contrast(color, ink)).toBeGreaterThanOrEqual(4.5)
      }),
    )
  })

  it('is centred on zero where it diverges', () => {
    expect(diverging(0)).toEqual([245, 245, 245])
    expect(diverging(-1)[2]).toBeGreaterThan(diverging(-1)[0])
    expect(diverging(1)[0]).toBeGreaterThan(diverging(1)[2])
  })
})
