import type { Tone } from './theme.ts'

export type Dash = 'solid' | 'dashed' | 'dotted'
export type Marker = 'rect' | 'triangle' | 'circle' | 'diamond' | 'none'

/** An epoch with its value; null where there is none. */
export type EpochPoint = readonly [epoch: number, value: number | null]

/** One line over epochs. Colour, dash and marker all tell it apart from the others. */
export interface EpochSeries {
  readonly id: string
  readonly name: string
  readonly tone: Tone
  readonly dash: Dash
  readonly marker: Marker
  readonly points: readonly EpochPoint[]
}

/** A height that lines are compared with, such as the accuracy of plain CLIP. */
export interface ReferenceLine {
  readonly value: number
  readonly label: string
}

/** How the two branches look in every chart. */
export const BRANCH_LOOK = {
  text: { tone: 'text', dash: 'solid', marker: 'rect' },
  image: { tone: 'image', dash: 'dashed', marker: 'triangle' },
} as const

const DASHES: readonly Dash[] = ['solid', 'dashed', 'dotted']
const MARKERS: readonly Marker[] = ['circle', 'rect', 'triangle', 'diamond']
const TONES: readonly Tone[] = ['1', '2', '3', '4', '5', '6']

/** A look for the nth of several series without a meaning of their own; twelve of them are all different. */
export function nthLook(n: number): { tone: Tone; dash: Dash; marker: Marker } {
  return {
    tone: TONES[n % TONES.length]!,
    dash: DASHES[n % DASHES.length]!,
    marker: MARKERS[n % MARKERS.length]!,
  }
}

/** Exponential smoothing that begins unbiased; 0 leaves the points as they are, towards 1 they follow slowly. */
export function smooth(points: readonly EpochPoint[], weight: number): EpochPoint[] {
  let sum = 0
  let total = 0
  return points.map(([epoch, value]) => {
    if (value === null) return [epoch, null]
    sum = weight * sum + (1 - weight) * value
    total = weight * total + (1 - weight)
    return [epoch, sum / total]
  })
}

/** All epochs of several series, ascending. */
export function epochsOf(series: readonly EpochSeries[]): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map(([epoch]) => epoch)))].sort((a, b) => a - b)
}

/** The value of a series at an epoch, if it has one. */
export function valueAt({ points }: EpochSeries, epoch: number): number | null {
  return points.find(([at]) => at === epoch)?.[1] ?? null
}

/** One row per epoch, one column per series. */
export function seriesTable(series: readonly EpochSeries[]): { head: string[]; rows: (number | null)[][] } {
  const columns = series.map(({ points }) => new Map(points))
  return {
    head: series.map(({ name }) => name),
    rows: epochsOf(series).map((epoch) => [epoch, ...columns.map((column) => column.get(epoch) ?? null)]),
  }
}

/** For files: point as decimal sign, comma between, quotes where needed, CRLF (RFC 4180). */
export function toCsv(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** The next epoch in a direction; at the ends it stays. */
export function stepEpoch(epochs: readonly number[], from: number | null, by: number): number | null {
  if (epochs.length === 0) return null
  const at = from === null ? epochs.length - 1 : nearestIndex(epochs, from)
  return epochs[Math.min(epochs.length - 1, Math.max(0, at + by))]!
}

/** The epoch that is closest to any number. */
export function nearestEpoch(epochs: readonly number[], to: number): number | null {
  return epochs.length === 0 ? null : epochs[nearestIndex(epochs, to)]!
}

function nearestIndex(epochs: readonly number[], to: number): number {
  let best = 0
  for (let i = 1; i < epochs.length; i++)
    if (Math.abs(epochs[i]! - to) < Math.abs(epochs[best]! - to)) best = i
  return best
}
