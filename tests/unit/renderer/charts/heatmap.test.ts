import { describe, expect, it } from 'vitest'
import { margins, optionWeights } from '../../../../src/shared/alpha-matrix.ts'
import {
  cellText,
  colorOf,
  heatmapCells,
  moveInGrid,
  scaleOf,
} from '../../../../src/renderer/src/charts/heatmap.ts'
import { heatmapSvg } from '../../../../src/renderer/src/charts/heatmap-svg.ts'

const alpha = [
  [0, 3, 1],
  [2, 1.95, -1],
]
const options = [0, 2, 4]
const base = { undecidedMargin: 0.1 }

describe('cells of a heatmap', () => {
  it('have the longest length on top and the layers as columns', () => {
    const cells = heatmapCells(alpha, options, { ...base, view: 'weights' })
    const weights = optionWeights(alpha)
    expect(cells.options).toEqual([4, 2, 0])
    expect(cells.values[0]).toEqual([weights[0]![2], weights[1]![2]])
    expect(cells.values[2]).toEqual([weights[0]![0], weights[1]![0]])
    expect(cells.chosenLength).toEqual([2, 0])
    expect(cells.chosenRow).toEqual([1, 2])
    expect(cells.undecided).toEqual([false, true])
  })

  it('show the margin of the winner and nothing else', () => {
    const cells = heatmapCells(alpha, options, { ...base, view: 'margin' })
    const expected = margins(optionWeights(alpha))
    expect(cells.values).toEqual([
      [null, null],
      [expected[0], null],
      [null, expected[1]],
    ])
  })

  it('show what has changed since another epoch', () => {
    const earlier = [
      [0, 0, 0],
      [2, 1.95, -1],
    ]
    const cells = heatmapCells(alpha, options, { ...base, view: 'alpha', compareWith: earlier })
    expect(cells.values).toEqual([
      [1, 0],
      [3, 0],
      [0, 0],
    ])
  })
})

describe('colour scale', () => {
  const settings = { fit: false, difference: false }

  it('is 0 to 1 for weights however they are spread, so that epochs compare honestly', () => {
    const cells = heatmapCells(alpha, options, { ...base, view: 'weights' })
    expect(scaleOf([cells], { ...settings, view: 'weights' })).toEqual({
      low: 0,
      high: 1,
      kind: 'sequential',
    })
    const fitted = scaleOf([cells], { ...settings, view: 'weights', fit: true })
    expect(fitted.low).toBe(Math.min(...cells.values.flat().map(Number)))
    expect(fitted.high).toBe(Math.max(...cells.values.flat().map(Number)))
  })

  it('is centred on zero for raw alpha, the same for both branches', () => {
    const one = heatmapCells(alpha, options, { ...base, view: 'alpha' })
    const other = heatmapCells([[-7, 0, 1]], options, { ...base, view: 'alpha' })
    const scale = scaleOf([one, other], { ...settings, view: 'alpha' })
    expect(scale).toEqual({ low: -7, high: 7, kind: 'diverging' })
    expect(colorOf(0, scale)).toEqual([245, 245, 245])
  })
})

describe('keys in a grid', () => {
  const cells = heatmapCells(alpha, options, { ...base, view: 'weights' })

  it('walk cell by cell and stop at the edges', () => {
    expect(moveInGrid('ArrowRight', { row: 0, layer: 0 }, cells)).toEqual({ row: 0, layer: 1 })
    expect(moveInGrid('ArrowRight', { row: 0, layer: 1 }, cells)).toEqual({ row: 0, layer: 1 })
    expect(moveInGrid('ArrowUp', { row: 0, layer: 1 }, cells)).toEqual({ row: 0, layer: 1 })
    expect(moveInGrid('ArrowDown', { row: 0, layer: 1 }, cells)).toEqual({ row: 1, layer: 1 })
    expect(moveInGrid('End', { row: 2, layer: 0 }, cells)).toEqual({ row: 2, layer: 1 })
    expect(moveInGrid('x', { row: 2, layer: 0 }, cells)).toBeNull()
  })
})

describe('what is printed', () => {
  it('leaves out the zero before the point', () => {
    expect(cellText(0.938, 2)).toBe('.94')
    expect(cellText(1, 2)).toBe('1.00')
    expect(cellText(-0.25, 2)).toBe('−.25')
  })

  it('is in the saved picture, with every layer and length', () => {
    const cells = heatmapCells(alpha, options, { ...base, view: 'weights' })
    const colors = { ink: 'black', muted: 'grey', line: 'grey', background: 'white', series: {} as never }
    const svg = heatmapSvg(
      'Run <1>',
      [{ name: 'Text', cells }],
      scaleOf([cells], { view: 'weights', fit: false, difference: false }),
      colors,
    )
    expect(svg).toContain('Run &lt;1>')
    expect(svg.match(/<rect x=/g)).toHaveLength(6)
    expect(svg.match(/stroke-width="2"/g)).toHaveLength(2)
  })
})
