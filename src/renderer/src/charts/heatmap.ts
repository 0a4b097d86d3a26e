import { optionWeights, margins, undecidedLayers, type AlphaMatrix } from '#shared/alpha-matrix'
import { cividis, diverging, type Rgb } from './cividis.ts'

/** The softmax of each layer, the numbers behind it, or how far the winner is ahead. */
export type HeatmapView = 'weights' | 'alpha' | 'margin'

/** The range that the colours stand for. Diverging ones are centred on zero. */
export interface ColorScale {
  readonly low: number
  readonly high: number
  readonly kind: 'sequential' | 'diverging'
}

/** What is drawn of one branch: columns are layers, rows are options from the longest to the shortest. */
export interface HeatmapCells {
  readonly layers: number
  readonly options: readonly number[]
  /** `[row][layer]`; null where the view has nothing to say */
  readonly values: readonly (readonly (number | null)[])[]
  /** per layer, the row that is chosen */
  readonly chosenRow: readonly number[]
  readonly chosenLength: readonly number[]
  /** per layer, whether its two best weights are nearly equal */
  readonly undecided: readonly boolean[]
}

/** The cells of an alpha matrix, or its difference to an earlier one. */
export function heatmapCells(
  alpha: AlphaMatrix,
  options: readonly number[],
  settings: { view: HeatmapView; undecidedMargin: number; compareWith?: AlphaMatrix | null },
): HeatmapCells {
  const last = options.length - 1
  const best = alpha.map((row) => row.indexOf(Math.max(...row)))
  const earlier = settings.compareWith ?? null
  const values = valuesOf(alpha, settings.view, best)
  const before = earlier === null ? null : valuesOf(earlier, settings.view, best)
  const open = new Set(undecidedLayers(alpha, settings.undecidedMargin))
  return {
    layers: alpha.length,
    options: [...options].reverse(),
    values: options.map((_, row) =>
      alpha.map((_row, layer) => {
        const value = values[layer]?.[last - row] ?? null
        if (value === null || before === null) return value
        return value - (before[layer]?.[last - row] ?? 0)
      }),
    ),
    chosenRow: best.map((option) => last - option),
    chosenLength: best.map((option) => options[option]!),
    undecided: alpha.map((_, layer) => open.has(layer)),
  }
}

/** One scale for all the cells that are shown side by side. */
export function scaleOf(
  cells: readonly HeatmapCells[],
  { view, fit, difference }: { view: HeatmapView; fit: boolean; difference: boolean },
): ColorScale {
  const values = cells.flatMap((each) => each.values.flat()).filter((value) => value !== null)
  const largest = Math.max(1e-6, ...values.map(Math.abs))
  if (difference) {
    const bound = fit || view === 'alpha' ? largest : 1
    return { low: -bound, high: bound, kind: 'diverging' }
  }
  if (view === 'alpha') return { low: -largest, high: largest, kind: 'diverging' }
  if (!fit || values.length === 0) return { low: 0, high: 1, kind: 'sequential' }
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return { low, high: high > low ? high : low + 1e-6, kind: 'sequential' }
}

export function colorOf(value: number, { low, high, kind }: ColorScale): Rgb {
  return kind === 'sequential' ? cividis((value - low) / (high - low)) : diverging(value / high)
}

/** As it is printed in a cell: as many digits as fit, without the zero before the point. */
export function cellText(value: number, digits: number): string {
  const text = value.toFixed(digits)
  const short = digits === 1 ? text.replace(/\.0$/, '') : text
  return short.replace(/^(-?)0\./, '$1.').replace('-', '−')
}

/** Where an arrow key leads in a grid; null for other keys. */
export function moveInGrid(
  key: string,
  { row, layer }: { row: number; layer: number },
  { options, layers }: HeatmapCells,
): { row: number; layer: number } | null {
  const within = (value: number, count: number) => Math.min(count - 1, Math.max(0, value))
  switch (key) {
    case 'ArrowLeft':
      return { row, layer: within(layer - 1, layers) }
    case 'ArrowRight':
      return { row, layer: within(layer + 1, layers) }
    case 'ArrowUp':
      return { row: within(row - 1, options.length), layer }
    case 'ArrowDown':
      return { row: within(row + 1, options.length), layer }
    case 'Home':
      return { row, layer: 0 }
    case 'End':
      return { row, layer: layers - 1 }
    default:
      return null
  }
}

function valuesOf(alpha: AlphaMatrix, view: HeatmapView, best: readonly number[]): (number | null)[][] {
  if (view === 'alpha') return alpha.map((row) => [...row])
  const weights = optionWeights(alpha)
  if (view === 'weights') return weights
  const margin = margins(weights)
  return alpha.map((row, layer) => row.map((_, option) => (option === best[layer] ? margin[layer]! : null)))
}
