import type { LabelledImage } from '#main/run-folder'
import * as tf from '../tensor/tf.ts'
import type { Tensor1D, Tensor4D } from '../tensor/tf.ts'
import type { Random } from '../tensor/random.ts'
import type { ImageSource } from '../data/image-source.ts'
import { toPixels, type Raster } from '../data/transforms.ts'

/** Images of one step, normalised, with their class indices. Borrowed by the step, owned by whoever drew it. */
export interface Batch {
  readonly pixels: Tensor4D // [B, S, S, 3]
  readonly labels: Tensor1D // [B] int32
}

/** Plain or randomly cropped views of images; `randomOf` gives each image of the batch its own stream. */
export async function drawBatch(
  source: ImageSource,
  images: readonly LabelledImage[],
  randomOf: ((place: number) => Random) | null,
): Promise<Batch> {
  const views = await Promise.all(
    images.map(({ path }, place) =>
      randomOf === null ? source.evaluationView(path) : source.trainingView(path, randomOf(place)),
    ),
  )
  return {
    pixels: uploadViews(views, source),
    labels: tf.tensor1d(
      images.map(({ label }) => label),
      'int32',
    ),
  }
}

/** Views to normalised pixels.  -> [B, S, S, 3]. The caller owns the result. */
export function uploadViews(views: readonly Raster[], { preprocessing }: ImageSource): Tensor4D {
  const { cropSize, mean, std } = preprocessing
  return tf.tensor4d(toPixels(views, mean, std), [views.length, cropSize, cropSize, 3])
}
