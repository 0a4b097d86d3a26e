/** Which places of a grid are selected, where the keyboard is, and where a range would begin. */
export interface GridSelection {
  readonly cursor: number
  readonly anchor: number
  readonly selected: ReadonlySet<number>
}

export const NOTHING_SELECTED: GridSelection = { cursor: -1, anchor: -1, selected: new Set() }

/** This one only. */
export function selectOne(place: number): GridSelection {
  return { cursor: place, anchor: place, selected: new Set([place]) }
}

/** From where the range began to here. */
export function extendTo({ anchor }: GridSelection, place: number): GridSelection {
  const from = anchor < 0 ? place : anchor
  const [low, high] = [Math.min(from, place), Math.max(from, place)]
  const selected = new Set(Array.from({ length: high - low + 1 }, (_, index) => low + index))
  return { cursor: place, anchor: from, selected }
}

/** This one too, or no longer. */
export function toggle({ selected }: GridSelection, place: number): GridSelection {
  const next = new Set(selected)
  if (!next.delete(place)) next.add(place)
  return { cursor: place, anchor: place, selected: next }
}

export function selectAll({ cursor }: GridSelection, total: number): GridSelection {
  if (total === 0) return NOTHING_SELECTED
  const selected = new Set(Array.from({ length: total }, (_, index) => index))
  return { cursor: Math.max(0, cursor), anchor: 0, selected }
}

export interface GridShape {
  total: number
  columns: number
  /** rows that are on screen */
  rows: number
}

/** Where a key leads from a place; null: it is no key that moves. */
export function placeAfter(key: string, from: number, { total, columns, rows }: GridShape): number | null {
  if (total === 0) return null
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: columns * rows,
    PageUp: -columns * rows,
    Home: -total,
    End: total,
  }
  const step = steps[key]
  if (step === undefined) return null
  // The first key shows where one is.
  if (from < 0) return key === 'End' ? total - 1 : 0
  const to = from + step
  // Up from the first row and down from the last lead nowhere, rather than to another column.
  if (Math.abs(step) === columns && columns > 1 && (to < 0 || to >= total)) return from
  return Math.min(total - 1, Math.max(0, to))
}
