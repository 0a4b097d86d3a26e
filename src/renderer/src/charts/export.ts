import { saveBlob, saveText } from '../download.ts'
import { init, use, type EChartsCoreOption } from './echarts.ts'

/** A picture that is saved has this size, whatever the window's. */
const WIDTH = 960
const HEIGHT = 480
const PIXEL_RATIO = 2

export type PictureKind = 'png' | 'svg'

/** A chart as SVG. The renderer for it is loaded only now: screens draw on a canvas. */
export async function chartSvg(option: EChartsCoreOption): Promise<string> {
  const { SVGRenderer } = await import('echarts/renderers')
  use([SVGRenderer])
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  try {
    chart.setOption(option)
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}

/** Saves an SVG as it is, or painted. */
export async function savePicture(name: string, svg: string, kind: PictureKind): Promise<void> {
  if (kind === 'svg') saveText(`${name}.svg`, svg, 'image/svg+xml')
  else saveBlob(`${name}.png`, await paint(svg))
}

/** A name that every file system takes. */
export function fileName(...parts: string[]): string {
  return parts
    .join(' ')
    .normalize('NFKD')
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase()
}

async function paint(svg: string): Promise<Blob> {
  // As a data address: the content policy allows pictures from it in both shells.
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.naturalWidth * PIXEL_RATIO
  canvas.height = image.naturalHeight * PIXEL_RATIO
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('no picture')) : resolve(blob)), 'image/png'),
  )
}
