import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  extendTo,
  NOTHING_SELECTED,
  placeAfter,
  selectAll,
  selectOne,
  toggle,
} from '../../../../src/renderer/src/components/data/grid-selection.ts'

const shape = { total: 10, columns: 4, rows: 2 }

describe('the selection of a grid', () => {
  it('extends from where it began, in both directions, and shrinks again', () => {
    const begun = selectOne(5)
    expect([...extendTo(begun, 7).selected]).toEqual([5, 6, 7])
    expect([...extendTo(extendTo(begun, 7), 4).selected]).toEqual([4, 5])
  })

  it('adds and takes single places', () => {
    const two = toggle(selectOne(1), 3)
    expect([...two.selected]).toEqual([1, 3])
    expect([...toggle(two, 1).selected]).toEqual([3])
  })

  it('selects all of nothing without a cursor', () => {
    expect(selectAll(NOTHING_SELECTED, 0)).toEqual(NOTHING_SELECTED)
    expect(selectAll(NOTHING_SELECTED, 3).selected.size).toBe(3)
  })
})

describe('keys in a grid', () => {
  it.each([
    ['ArrowRight', 0, 1],
    ['ArrowRight', 9, 9],
    ['ArrowDown', 1, 5],
    ['ArrowDown', 7, 7],
    ['ArrowUp', 2, 2],
    ['PageDown', 1, 9],
    ['Home', 6, 0],
    ['End', 6, 9],
  ])('%s from %i leads to %i', (key, from, to) => {
    expect(placeAfter(key, from, shape)).toBe(to)
  })

  it('begin at the first place, and mean nothing where there is none', () => {
    expect(placeAfter('ArrowDown', -1, shape)).toBe(0)
    expect(placeAfter('ArrowDown', -1, { ...shape, total: 0 })).toBeNull()
    expect(placeAfter('x', 0, shape)).toBeNull()
  })

  it('never lead out of the grid', () => {
    const keys = fc.constantFrom(
      'ArrowRight',
      'ArrowLeft',
      'ArrowDown',
      'ArrowUp',
      'PageDown',
      'PageUp',
      'Home',
      'End',
    )
    fc.assert(
      fc.property(
        keys,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(),
        (key, total, columns, seed) => {
          const to = placeAfter(key, seed % total, { total, columns, rows: 3 })
          expect(to).toBeGreaterThanOrEqual(0)
          expect(to).toBeLessThan(total)
        },
      ),
    )
  })
})
