import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { init, type ECharts, type EChartsCoreOption } from './echarts.ts'

/** Data is drawn at most twice a second, however fast it comes. */
const DRAW_INTERVAL_MS = 500

/** Name of the performance measure around every drawing. */
export const DRAW_MEASURE = 'dplstudio-chart'

/** What a chart shows. */
export interface ChartParts {
  /** how it is built, without data; it is built anew when the `key` changes, which is rarely */
  structure: () => EChartsCoreOption
  key: () => string
  /** what is merged into it whenever there is something new: the data of its series, by their ids */
  update: () => EChartsCoreOption
}

/**
 * A chart in an element, from its mounting to its end. New data replaces the old and nothing else, so that memory
 * stays where it is; `drawn` counts, for whatever is placed over the chart.
 */
export function useChart(host: Readonly<Ref<HTMLElement | null>>, { structure, key, update }: ChartParts) {
  const chart = shallowRef<ECharts | null>(null)
  const drawn = shallowRef(0)
  let observer: ResizeObserver | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  let lastDraw = -Infinity

  function draw(option: EChartsCoreOption, rebuild: boolean): void {
    const started = performance.now()
    chart.value?.setOption(option, { notMerge: rebuild, silent: true })
    // Observers get the entry; keeping it would let the list grow for as long as the page is open.
    performance.measure(DRAW_MEASURE, { start: started, end: performance.now() })
    performance.clearMeasures(DRAW_MEASURE)
    lastDraw = started
    drawn.value += 1
  }
  function drawAll(): void {
    if (chart.value === null) return
    draw(structure(), true)
    draw(update(), false)
  }
  function drawSoon(): void {
    if (timer !== null || chart.value === null) return
    timer = setTimeout(
      () => {
        timer = null
        draw(update(), false)
      },
      Math.max(0, lastDraw + DRAW_INTERVAL_MS - performance.now()),
    )
  }

  function close(): void {
    observer?.disconnect()
    if (timer !== null) clearTimeout(timer)
    timer = null
    chart.value?.dispose()
    chart.value = null
  }
  // The element comes and goes where a table takes its place.
  watch(
    host,
    (element) => {
      close()
      if (element === null) return
      chart.value = init(element, null, { renderer: 'canvas' })
      drawAll()
      observer = new ResizeObserver(() => {
        chart.value?.resize()
        drawn.value += 1
      })
      observer.observe(element)
    },
    { immediate: true, flush: 'post' },
  )
  watch(key, drawAll)
  watch(update, drawSoon)
  onScopeDispose(close)
  return { chart, drawn }
}
