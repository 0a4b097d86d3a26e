import { shallowRef, type ShallowRef } from 'vue'

/** What a series stands for; its colour comes from the style sheet. `1` to `6` are for series without a meaning. */
export type Tone = 'text' | 'image' | 'reference' | '1' | '2' | '3' | '4' | '5' | '6'

/** The colours of charts in the theme that is on. A canvas knows no CSS variables, so they are resolved. */
export interface ChartColors {
  readonly ink: string
  readonly muted: string
  readonly line: string
  readonly background: string
  readonly series: Readonly<Record<Tone, string>>
}

const TONES: readonly Tone[] = ['text', 'image', 'reference', '1', '2', '3', '4', '5', '6']
let shared: ShallowRef<ChartColors> | null = null

/** The colours in use; they change with the theme. */
export function useChartColors(): Readonly<ShallowRef<ChartColors>> {
  if (shared !== null) return shared
  const colors = shallowRef(readColors())
  new MutationObserver(() => {
    const read = readColors()
    if (JSON.stringify(read) !== JSON.stringify(colors.value)) colors.value = read
  }).observe(document.documentElement, { attributes: true, attributeFilter: ['class'] })
  shared = colors
  return colors
}

function readColors(): ChartColors {
  const style = getComputedStyle(document.documentElement)
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const color = (variable: string): string => {
    const value = style.getPropertyValue(variable).trim()
    return context === null ? value : resolve(context, value)
  }
  return {
    ink: color('--ui-text'),
    muted: color('--ui-text-muted'),
    line: color('--ui-border'),
    background: color('--ui-bg'),
    series: Object.fromEntries(TONES.map((tone) => [tone, color(`--series-${tone}`)])) as Record<
      Tone,
      string
    >,
  }
}

/** Whatever CSS can say (oklch, for example) as rgb, which chart libraries and old SVG readers understand. */
function resolve(context: CanvasRenderingContext2D, value: string): string {
  context.fillStyle = value
  context.fillRect(0, 0, 1, 1)
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data
  return `rgb(${red ?? 0}, ${green ?? 0}, ${blue ?? 0})`
}
