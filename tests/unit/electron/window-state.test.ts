import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placeWindow, readWindowState, writeWindowState } from '#main/electron/window-state'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const main = { x: 0, y: 0, width: 1920, height: 1040 }
const right = { x: 1920, y: 0, width: 1280, height: 1024 }

describe('placeWindow', () => {
  test('puts the first window in the middle, no larger than the screen', () => {
    expect(placeWindow(null, [main])).toEqual({ x: 280, y: 80, width: 1360, height: 880 })
    expect(placeWindow(null, [{ x: 0, y: 30, width: 1024, height: 600 }])).toEqual({
      x: 0,
      y: 30,
      width: 1024,
      height: 600,
    })
  })

  test('leaves a window on the other screen, and brings it back when that is gone', () => {
    const saved = { x: 2100, y: 100, width: 900, height: 700 }
    expect(placeWindow(saved, [main, right])).toEqual(saved)
    expect(placeWindow(saved, [main])).toEqual({ x: 510, y: 170, width: 900, height: 700 })
  })

  test('leaves a window that reaches over an edge', () => {
    const saved = { x: 1500, y: 300, width: 900, height: 900 }
    expect(placeWindow(saved, [main])).toEqual(saved)
  })

  const coordinate = fc.integer({ min: -5_000, max: 5_000 })
  const size = fc.integer({ min: 200, max: 5_000 })
  const screen = fc.record({
    x: coordinate,
    y: coordinate,
    width: fc.integer({ min: 640, max: 4_000 }),
    height: fc.integer({ min: 480, max: 3_000 }),
  })
  test('always leaves something to take hold of', () => {
    fc.assert(
      fc.property(
        fc.record({ x: coordinate, y: coordinate, width: size, height: size }),
        fc.array(screen, { minLength: 1, maxLength: 3 }),
        (saved, screens) => {
          const { x, y, width } = placeWindow(saved, screens)
          expect(
            screens.some(
              (area) =>
                Math.min(x + width, area.x + area.width) - Math.max(x, area.x) >= 120 &&
                y >= area.y &&
                y + 40 <= area.y + area.height,
            ),
          ).toBe(true)
        },
      ),
    )
  })
})

test('a place is remembered, and a damaged or missing file is none', () => {
  const path = join(temporaryFolder(), 'window.json')
  expect(readWindowState(path)).toBeNull()
  const state = { bounds: { x: 1, y: 2, width: 900, height: 700 }, maximized: true }
  writeWindowState(path, state)
  expect(readWindowState(path)).toEqual(state)
  writeFileSync(path, '{"bounds": 7')
  expect(readWindowState(path)).toBeNull()
  expect(() => writeWindowState(join(path, 'below-a-file'), state)).not.toThrow()
})
