import { RunConfig, type SearchConfig, type TrainConfig } from '#shared/schemas/run'
import * as tf from '#main/engine/tensor/tf'
import { uploadClip } from '#main/engine/clip/clip'
import { advanceText, embedText, layOutTexts } from '#main/engine/clip/text-branch'
import type { Batch } from '#main/engine/methods/batch'
import { createRandom, normalArray } from '#main/engine/tensor/random'
import { randomClipWeights, tinyArchitecture } from './random-clip.ts'
import { dot, naiveImage, naiveText, type NaiveLayer, type Rows } from './naive-clip.ts'

/** Three classes of different lengths behind the same three tokens. */
export const classIds = [
  [28, 4, 9, 12, 29],
  [28, 4, 9, 7, 8, 3, 29],
  [28, 4, 9, 20, 21, 29],
]

export const weights = randomClipWeights()

/** A tiny CLIP with its class texts laid out, from `layer` on. Nothing is ever released: the process ends soon. */
export function tinyTask(layer = 0) {
  const clip = uploadClip(weights)
  const tokens = layOutTexts(
    clip.text,
    classIds.map((ids) => embedText(clip.text, ids)),
  )
  return { clip, tokens: layer === 0 ? tokens : advanceText(clip.text, tokens, layer) }
}

export function searchConfig(changes: Partial<SearchConfig> = {}): SearchConfig {
  return { ...RunConfig.parse({}).search, options: [0, 2, 3], ...changes }
}

export function trainConfig(changes: Partial<TrainConfig> = {}): TrainConfig {
  return { ...RunConfig.parse({}).train, ...changes }
}

/** A batch of random pictures; the same seed gives the same batch. */
export function randomBatch(seed: number, labels: number[]): Batch {
  const { imageSize } = tinyArchitecture.image
  const shape: [number, number, number, number] = [labels.length, imageSize, imageSize, 3]
  const pixels = normalArray(
    createRandom(seed, 'batch'),
    shape.reduce((a, b) => a * b),
    1,
  )
  return { pixels: tf.tensor4d(pixels, shape), labels: tf.tensor1d(labels, 'int32') }
}

/** Mean cross-entropy of the naive CLIP over a batch, with what each layer of both branches adds. */
export function naiveLoss(batch: Batch, layers: { text: NaiveLayer[]; image: NaiveLayer[] }): number {
  const classes = classIds.map((ids) => naiveText(weights, embedRows(ids), ids.length - 1, layers.text))
  const pixels = batch.pixels.dataSync()
  const labels = batch.labels.arraySync()
  const size = pixels.length / labels.length
  const losses = labels.map((label, i) => {
    const feature = naiveImage(weights, pixels.slice(i * size, (i + 1) * size), layers.image)
    const scores = classes.map((each) => weights.logitScale * dot(feature, each))
    const largest = Math.max(...scores)
    return (
      largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0)) - scores[label]!
    )
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

/** Rows of a flat array, [rows, width]. */
export function rowsOf(values: ArrayLike<number>, width: number): Rows {
  return Array.from({ length: values.length / width }, (_, i) =>
    Array.from({ length: width }, (__, j) => values[i * width + j]!),
  )
}

/** Slope of `loss` along one entry of `values`, by central difference. */
export function slope(
  values: readonly number[],
  at: number,
  loss: (values: number[]) => number,
  h = 1e-4,
): number {
  const shifted = (by: number) => values.map((value, i) => (i === at ? value + by : value))
  return (loss(shifted(h)) - loss(shifted(-h))) / (2 * h)
}

function embedRows(ids: readonly number[]): Rows {
  const { width, textPositions } = tinyArchitecture.text
  const padded = [...ids, ...new Array<number>(textPositions - ids.length).fill(0)]
  return padded.map((id) => Array.from(weights.text.tokenEmbedding.slice(id * width, (id + 1) * width)))
}
