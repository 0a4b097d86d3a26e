import type { Evaluation } from '#shared/schemas/run'
import type { LabelledImage } from '#main/run-folder'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D } from '../tensor/tf.ts'
import { letMessagesIn } from '../tensor/event-loop.ts'
import type { Clip } from '../clip/clip.ts'
import { embedImages, encodeImages, type ImageTokens } from '../clip/image-branch.ts'
import { logits } from '../clip/similarity.ts'
import { plainBlock } from '../clip/transformer.ts'
import { chunks } from '../data/batch-plan.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Raster } from '../data/transforms.ts'
import { uploadViews } from '../methods/batch.ts'
import { answerOf, summarise } from './accuracy.ts'

/** A trained or untrained CLIP ready to answer. Class features are computed once for all images. */
export interface Classifier {
  readonly clip: Clip
  readonly classNames: readonly string[]
  /** [C, e] unit rows; borrowed */
  readonly classFeatures: Tensor2D
  /** tokens to unit image features, [B, e] */
  readonly encode: (images: ImageTokens) => Tensor2D
}

/** How a long pass over images is watched and stopped, both between two batches. */
export interface PassControl {
  /** throws when the pass is to end */
  check(): void
  onProgress(done: number, total: number): void
}

/** Pictures that go through CLIP together when nothing is learned. */
export const SCORING_BATCH = 16

/** Plain CLIP over class features. */
export function zeroShotClassifier(
  clip: Clip,
  classNames: readonly string[],
  classFeatures: Tensor2D,
): Classifier {
  return { clip, classNames, classFeatures, encode: (images) => encodeImages(clip.image, images, plainBlock) }
}

/** Scores pictures in order.  -> one row of C logits each */
export async function scoreImages(
  classifier: Classifier,
  source: ImageSource,
  paths: readonly string[],
  control: PassControl,
): Promise<number[][]> {
  const rows: number[][] = []
  for (const batch of chunks(paths, SCORING_BATCH)) {
    control.check()
    const views = await Promise.all(batch.map((path) => source.evaluationView(path)))
    rows.push(...(await scoreViews(classifier, source, views)))
    control.onProgress(rows.length, paths.length)
    await letMessagesIn()
  }
  return rows
}

/** Scores views that are ready for CLIP.  -> one row of C logits each */
export async function scoreViews(
  classifier: Classifier,
  source: ImageSource,
  views: readonly Raster[],
): Promise<number[][]> {
  const scores = tf.tidy(() => {
    const images = embedImages(classifier.clip.image, uploadViews(views, source))
    const features = { images: classifier.encode(images), classes: classifier.classFeatures }
    return logits(features, classifier.clip.logitScale)
  })
  try {
    return await scores.array()
  } finally {
    scores.dispose()
  }
}

/** A classifier over labelled images, and what it said of each, [C] logits. */
export async function evaluateEach(
  classifier: Classifier,
  source: ImageSource,
  { images, split }: { images: readonly LabelledImage[]; split: Evaluation['split'] },
  control: PassControl,
): Promise<{ evaluation: Evaluation; scores: number[][] }> {
  const began = performance.now()
  const paths = images.map(({ path }) => path)
  const scores = await scoreImages(classifier, source, paths, control)
  const answers = scores.map((row, i) => answerOf(row, images[i]!.label))
  const seconds = (performance.now() - began) / 1000
  return { evaluation: { split, ...summarise(answers, classifier.classNames), seconds }, scores }
}

/** A classifier over labelled images. */
export async function evaluate(
  classifier: Classifier,
  source: ImageSource,
  task: { images: readonly LabelledImage[]; split: Evaluation['split'] },
  control: PassControl,
): Promise<Evaluation> {
  return (await evaluateEach(classifier, source, task, control)).evaluation
}
