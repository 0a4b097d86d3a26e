import { cssColor, inkOn } from './cividis.ts'
import { cellText, colorOf, type ColorScale, type HeatmapCells } from './heatmap.ts'
import type { ChartColors } from './theme.ts'

const CELL = { width: 36, height: 28 } as const
const MARGIN = { start: 40, top: 64, bottom: 44, between: 40 } as const

/** Heatmaps side by side as a picture of its own, as they are on screen. */
export function heatmapSvg(
  title: string,
  maps: readonly { name: string; cells: HeatmapCells }[],
  scale: ColorScale,
  colors: ChartColors,
): string {
  const widths = maps.map(({ cells }) => MARGIN.start + cells.layers * CELL.width)
  const width = widths.reduce((sum, each) => sum + each + MARGIN.between, 0)
  const rows = Math.max(...maps.map(({ cells }) => cells.options.length))
  const height = MARGIN.top + rows * CELL.height + MARGIN.bottom
  const parts = maps.map((map, i) => {
    const x = widths.slice(0, i).reduce((sum, each) => sum + each + MARGIN.between, 0)
    return `<g transform="translate(${x},${MARGIN.top})">${mapSvg(map, scale, colors)}</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="${colors.background}"/>`,
    `<text x="12" y="24" font-size="14" font-weight="bold" fill="${colors.ink}">${escapeXml(title)}</text>`,
    ...parts,
    '</svg>',
  ].join('')
}

function mapSvg(
  { name, cells }: { name: string; cells: HeatmapCells },
  scale: ColorScale,
  colors: ChartColors,
) {
  const at = (layer: number) => MARGIN.start + layer * CELL.width
  const middle = CELL.width / 2
  const below = cells.options.length * CELL.height
  const label = (x: number, y: number, text: string, fill: string, anchor = 'middle') =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}">${escapeXml(text)}</text>`
  const squares = cells.values.flatMap((row, r) =>
    row.map((value, layer) => {
      const color = value === null ? null : colorOf(value, scale)
      const ink = color === null ? colors.ink : inkOn(color)
      const ring = cells.chosenRow[layer] === r ? ` stroke="${ink}" stroke-width="2"` : ''
      const square = `<rect x="${at(layer) + 1}" y="${r * CELL.height + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" fill="${color === null ? 'none' : cssColor(color)}"${ring}/>`
      if (value === null) return square
      return square + label(at(layer) + middle, r * CELL.height + 18, cellText(value, 2), ink)
    }),
  )
  return [
    label(MARGIN.start, -12, name, colors.ink, 'start'),
    ...cells.options.map((length, r) =>
      label(MARGIN.start - 10, r * CELL.height + 18, String(length), colors.muted, 'end'),
    ),
    ...squares,
    ...cells.chosenLength.map((length, layer) =>
      label(at(layer) + middle, below + 32, String(length), colors.ink),
    ),
    ...cells.chosenLength.map((_, layer) =>
      label(at(layer) + middle, below + 15, String(layer + 1), colors.muted),
    ),
  ].join('')
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
