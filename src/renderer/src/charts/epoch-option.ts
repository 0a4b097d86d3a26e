import type { EChartsCoreOption } from './echarts.ts'
import type { ChartColors } from './theme.ts'
import type { EpochPoint, EpochSeries, ReferenceLine } from './series.ts'

/** What a chart over epochs is built of. */
export interface EpochChartSpec {
  readonly series: readonly EpochSeries[]
  readonly references: readonly ReferenceLine[]
  readonly firstEpoch: number
  readonly lastEpoch: number
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly format: (value: number) => string
  /** between two lines of the grid; none: as it comes */
  readonly interval: number | undefined
  readonly xName: string
}

/** More marks than this on a line would hide it. */
const MARKS_PER_LINE = 16

/** The frame of the chart: axes, looks and reference lines; no data. */
export function epochStructure(spec: EpochChartSpec, colors: ChartColors): EChartsCoreOption {
  const label = { color: colors.muted, fontSize: 11 }
  return {
    animation: false,
    aria: { enabled: true },
    grid: { left: 52, right: 14, top: 10, bottom: 34 },
    xAxis: {
      type: 'value',
      min: spec.firstEpoch,
      max: Math.max(spec.lastEpoch, spec.firstEpoch + 1),
      minInterval: 1,
      name: spec.xName,
      nameLocation: 'middle',
      nameGap: 20,
      nameTextStyle: label,
      axisLabel: { ...label, hideOverlap: true },
      axisLine: { lineStyle: { color: colors.muted } },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      scale: true,
      min: spec.minimum,
      max: spec.maximum,
      splitNumber: 4,
      interval: spec.interval,
      axisLabel: { ...label, formatter: spec.format, ...(spec.interval && { showMaxLabel: isWhole(spec) }) },
      splitLine: { lineStyle: { color: colors.line } },
    },
    series: spec.series.map((series, i) => ({
      id: series.id,
      name: series.name,
      type: 'line',
      silent: true,
      symbol: series.marker === 'none' ? 'none' : series.marker,
      showSymbol: series.marker !== 'none',
      lineStyle: { color: colors.series[series.tone], width: 2, type: series.dash },
      itemStyle: { color: colors.series[series.tone] },
      data: [],
      ...(i === 0 && { markLine: referenceLines(spec, colors) }),
    })),
  }
}

/** Everything about the structure that can change, as text. */
export function structureKey(spec: EpochChartSpec, colors: ChartColors): string {
  const looks = spec.series.map(({ id, name, tone, dash, marker }) => [id, name, tone, dash, marker])
  return JSON.stringify([{ ...spec, series: looks }, colors])
}

/** The points of each series, and for screen readers what they say. */
export function epochUpdate(series: readonly EpochSeries[], description: string): EChartsCoreOption {
  return {
    aria: { enabled: true, label: { description } },
    series: series.map(({ id, points }) => ({ id, data: markedPoints(points) })),
  }
}

/** Whether the axis ends at a line of its grid. */
function isWhole({ minimum = 0, maximum, interval }: EpochChartSpec): boolean {
  if (maximum === undefined || interval === undefined) return true
  const steps = (maximum - minimum) / interval
  return Math.abs(steps - Math.round(steps)) < 1e-6
}

/** Only some of the points are marked, the last always. */
function markedPoints(points: readonly EpochPoint[]) {
  const known = points.filter(([, value]) => value !== null)
  const every = Math.ceil(known.length / MARKS_PER_LINE)
  const isMarked = (i: number) => (known.length - 1 - i) % every === 0
  return known.map((point, i) => ({ value: point, symbolSize: isMarked(i) ? 7 : 0 }))
}

/** The same chart as a picture of its own, with a title and a legend and its data in it. */
export function epochPicture(spec: EpochChartSpec, colors: ChartColors, title: string): EChartsCoreOption {
  const structure = epochStructure(spec, colors) as { series: object[] }
  return {
    ...structure,
    backgroundColor: colors.background,
    title: { text: title, left: 12, top: 8, textStyle: { color: colors.ink, fontSize: 14 } },
    legend: { right: 12, top: 8, textStyle: { color: colors.ink }, itemWidth: 40 },
    grid: { left: 60, right: 20, top: 48, bottom: 40 },
    series: structure.series.map((each, i) => ({
      ...each,
      data: markedPoints(spec.series[i]?.points ?? []),
    })),
  }
}

function referenceLines({ references }: EpochChartSpec, colors: ChartColors) {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: colors.series.reference, type: [2, 3], width: 1.5 },
    label: { position: 'insideStartTop', color: colors.muted, fontSize: 11 },
    data: references.map(({ value, label }) => ({ yAxis: value, label: { formatter: label } })),
  }
}
