import type { Evaluation } from '#shared/schemas/run'
import type { LabelledImage } from '#main/run-folder'
import * as tf from '../tensor/tf.ts'
import { chunks } from '../data/batch-plan.ts'
import type { ImageSource } from '../data/image-source.ts'
import { zeroShotFeatures, type ClassTexts, type Reader } from '../methods/class-texts.ts'
import { answerOf, summarise, type Answer } from './accuracy.ts'
import { SCORING_BATCH, scoreImages, zeroShotClassifier, type PassControl } from './evaluate.ts'

/** Images whose scores are in memory at a time: eight wordings of a thousand classes are many numbers. */
const PART = 16 * SCORING_BATCH

/**
 * Plain CLIP with each of several wordings of the same classes, over the same images. Every image goes through CLIP
 * once: to the image branch, the wordings are one long list of classes.
 */
export async function evaluateWordings(
  reader: Reader,
  wordings: readonly ClassTexts[],
  source: ImageSource,
  { images, split }: { images: readonly LabelledImage[]; split: Evaluation['split'] },
  control: PassControl,
): Promise<Evaluation[]> {
  const began = performance.now()
  const classFeatures = tf.tidy(() => tf.concat(wordings.map((texts) => zeroShotFeatures(reader, texts))))
  const classifier = zeroShotClassifier(reader.clip, [], classFeatures)
  const answers = wordings.map((): Answer[] => [])
  try {
    let done = 0
    for (const part of chunks(images, PART)) {
      const before = done
      const rows = await scoreImages(
        classifier,
        source,
        part.map(({ path }) => path),
        {
          check: () => control.check(),
          onProgress: (scored) => control.onProgress(before + scored, images.length),
        },
      )
      rows.forEach((row, i) => addAnswers(answers, row, part[i]!.label))
      done += part.length
    }
  } finally {
    classFeatures.dispose()
  }
  const seconds = (performance.now() - began) / 1000
  return wordings.map(({ classNames }, w) => ({ split, ...summarise(answers[w]!, classNames), seconds }))
}

/** A row holds the scores of one wording after the other. */
function addAnswers(answers: readonly Answer[][], row: readonly number[], label: number): void {
  const classes = row.length / answers.length
  answers.forEach((each, w) => each.push(answerOf(row.slice(w * classes, (w + 1) * classes), label)))
}
