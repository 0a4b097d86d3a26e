import type { ImagePreprocessing } from '#shared/schemas/model'
import type { Random } from '../tensor/random.ts'
import { decodeImage } from './decode.ts'
import { evaluationView, randomTrainingView, type Raster } from './transforms.ts'

/** The pictures of a run as views of the size that CLIP reads. */
export interface ImageSource {
  readonly preprocessing: ImagePreprocessing
  /** a random crop, perhaps mirrored; `random` decides alone */
  trainingView(path: string, random: Random): Promise<Raster>
  /** shorter side resized, middle cut out; the same every time */
  evaluationView(path: string): Promise<Raster>
}

const DEFAULT_CACHE_BYTES = 512 * 1024 * 1024

/**
 * Reads pictures where they lie and remembers what it decoded, the oldest going first when `cacheBytes` are used
 * up. Decoded pictures serve training views, finished views serve evaluation.
 */
export function createImageSource(
  preprocessing: ImagePreprocessing,
  { cacheBytes = DEFAULT_CACHE_BYTES }: { cacheBytes?: number } = {},
): ImageSource {
  const pictures = createRasterCache(cacheBytes / 2)
  const views = createRasterCache(cacheBytes / 2)
  return {
    preprocessing,
    async trainingView(path, random) {
      return randomTrainingView(await pictures.get(path, () => decodeImage(path)), preprocessing, random)
    },
    evaluationView: (path) =>
      views.get(path, async () => evaluationView(await decodeImage(path), preprocessing)),
  }
}

function createRasterCache(limit: number) {
  const kept = new Map<string, Raster>()
  let bytes = 0
  return {
    async get(path: string, make: () => Promise<Raster>): Promise<Raster> {
      const known = kept.get(path)
      if (known !== undefined) return known
      const raster = await make()
      if (raster.data.length > limit || kept.has(path)) return raster
      kept.set(path, raster)
      bytes += raster.data.length
      for (const [oldest, { data }] of kept) {
        if (bytes <= limit) break
        kept.delete(oldest)
        bytes -= data.length
      }
      return raster
    },
  }
}
