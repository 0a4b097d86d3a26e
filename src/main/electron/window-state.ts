import type { Rectangle } from 'electron'
import { z } from 'zod'
import { readJson, writeJson } from '#main/files'

const WindowState = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int(), height: z.int() }),
  maximized: z.boolean(),
})
/** Where the window was. */
export type WindowState = z.infer<typeof WindowState>

/** What opens when nothing is known, as far as the screen has room for it. */
const USUAL = { width: 1360, height: 880 }
/** What the page was laid out for at least. */
export const SMALLEST = { width: 800, height: 560 }
/** So much of a window must be on a screen that it can be seen and moved. */
const GRIP = { width: 120, height: 40 }

/** Null when there is none or it cannot be read: a place on the screen is no reason not to start. */
export function readWindowState(path: string): WindowState | null {
  try {
    return readJson(path, WindowState)
  } catch {
    return null
  }
}

/** Remembers it if it can. */
export function writeWindowState(path: string, state: WindowState): void {
  try {
    writeJson(path, state)
  } catch {
    // A full disk shows where it matters.
  }
}

/**
 * The bounds of a window that was somewhere, given the screens there are now (areas without task bars, the main
 * screen first): where it was if its title bar can still be reached, otherwise in the middle of the main screen.
 */
export function placeWindow(saved: Rectangle | null, areas: readonly Rectangle[]): Rectangle {
  const wanted = saved ?? { x: Number.NaN, y: Number.NaN, ...USUAL }
  const home = areas.find((area) => canBeGrasped(wanted, area))
  if (home !== undefined) return within(wanted, home)
  const [main] = areas
  return main === undefined ? { ...wanted, x: 0, y: 0 } : centred(wanted, main)
}

function canBeGrasped(window: Rectangle, area: Rectangle): boolean {
  const overlap = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x)
  const top = window.y
  return overlap >= GRIP.width && top >= area.y && top + GRIP.height <= area.y + area.height
}

/** No larger than the screen; otherwise as it was, also when it reaches over the edge. */
function within(window: Rectangle, area: Rectangle): Rectangle {
  const { width, height } = fitted(window, area)
  const x = width < window.width ? area.x : window.x
  const y = height < window.height ? area.y : window.y
  return { x, y, width, height }
}

function centred(window: Rectangle, area: Rectangle): Rectangle {
  const { width, height } = fitted(window, area)
  return {
    x: Math.round(area.x + (area.width - width) / 2),
    y: Math.round(area.y + (area.height - height) / 2),
    width,
    height,
  }
}

function fitted({ width, height }: Rectangle, area: Rectangle): { width: number; height: number } {
  return { width: Math.min(width, area.width), height: Math.min(height, area.height) }
}
