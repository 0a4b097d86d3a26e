import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components'
import { init, use, type ECharts, type EChartsCoreOption } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

// The ARIA component is not part of the library's default since version 5.
use([
  LineChart,
  BarChart,
  ScatterChart,
  GridComponent,
  MarkLineComponent,
  LegendComponent,
  TitleComponent,
  AriaComponent,
  CanvasRenderer,
])

/** The parts of ECharts that the charts of this program are made of, registered. */
export { init, use, type ECharts, type EChartsCoreOption }
