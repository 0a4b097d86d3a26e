import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeImage } from '#main/engine/data/decode'
import { resample, type Box, type Interpolation } from '#main/engine/data/resample'
import { evaluationView, toPixels } from '#main/engine/data/transforms'

const folder = join(import.meta.dirname, '../fixtures/pictures')

interface Recorded {
  width: number
  height: number
  rgb: string
}

function recorded(name: string): unknown {
  return (JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Record<string, unknown>)[name]
}

function unpack(packed: string): Buffer {
  return inflateSync(Buffer.from(packed, 'base64'))
}

function largestGap(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(ours.length).toBe(theirs.length)
  let gap = 0
  for (let i = 0; i < ours.length; i++) gap = Math.max(gap, Math.abs(ours[i]! - theirs[i]!))
  return gap
}

describe('decodeImage gives the bytes of Pillow', () => {
  const pictures = Object.entries(recorded('decoded') as Record<string, Recorded>)

  test.each(pictures)('%s', async (name, { width, height, rgb }) => {
    const raster = await decodeImage(join(folder, name))
    expect([raster.width, raster.height]).toEqual([width, height])
    expect(largestGap(raster.data, unpack(rgb))).toBe(0)
  })
})

describe('resample gives the bytes of Pillow', () => {
  const cases = recorded('resized') as (Recorded & { interpolation: Interpolation; box: Box })[]

  test.each(cases)('$interpolation, $box.width x $box.height -> $width x $height', async (expected) => {
    const { interpolation, box, width, height, rgb } = expected
    const raster = await decodeImage(join(folder, 'rgb.png'))
    const { data } = resample(raster, box, { width, height }, interpolation)
    expect(largestGap(data, unpack(rgb))).toBe(0)
  })
})

describe('evaluationView and toPixels', () => {
  const views = recorded('views') as View[]
  const mean: [number, number, number] = [0.48145466, 0.4578275, 0.40821073]
  const std: [number, number, number] = [0.26862954, 0.26130258, 0.27577711]
  const oneLevel = 1 / 255 / 0.26130258

  interface View {
    file: string
    side: number
    clip: string
    transformersPil: string
    transformersTorchvision: string
  }

  async function ours({ file, side }: View): Promise<Float32Array> {
    const raster = await decodeImage(join(folder, file))
    const preprocessing = { resizeTo: side, cropSize: side, interpolation: 'bicubic', mean, std } as const
    return toPixels([evaluationView(raster, preprocessing)], mean, std)
  }

  test.each(views)('$file at $side pixels gives the numbers of OpenAI CLIP and open_clip', async (view) => {
    expect(largestGap(await ours(view), floats(view.clip))).toBeLessThan(1e-6)
  })

  test.each(views.filter(isCutAlike))(
    '$file at $side pixels gives the numbers of transformers',
    async (view) => {
      expect(largestGap(await ours(view), floats(view.transformersPil))).toBeLessThan(1e-6)
      // Its other processor resizes tensors, with a rounding of its own.
      expect(largestGap(await ours(view), floats(view.transformersTorchvision))).toBeLessThan(4 * oneLevel)
    },
  )

  test('transformers cuts the middle out one pixel further left where three pixels are left over', async () => {
    const view = views.find((each) => !isCutAlike(each))!
    expect(largestGap(floats(view.clip), floats(view.transformersPil))).toBeGreaterThan(oneLevel)
    expect(largestGap(await ours(view), floats(view.clip))).toBeLessThan(1e-6)
  })

  /** Both round (61·12/47 − 12) / 2 = 1.5, one to 2 and one to 1. */
  function isCutAlike({ file, side }: View): boolean {
    return !(file === 'rgb.png' && side === 12)
  }

  function floats(packed: string): Float32Array {
    const bytes = unpack(packed)
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  }
})
