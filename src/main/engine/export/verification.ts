import { dirname, relative, resolve, sep } from 'node:path'
import { AppError } from '#shared/errors'
import type { Verification } from '#shared/schemas/results'
import type { LabelledImage } from '#main/run-folder'
import * as tf from '../tensor/tf.ts'
import { withOwner, type TensorOwner } from '../tensor/memory.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Reader } from '../methods/class-texts.ts'
import { probabilities } from '../metrics/accuracy.ts'
import { scoreImages, type Classifier, type PassControl } from '../metrics/evaluate.ts'
import type { ExportedAnswers } from './export-config.ts'
import type { ReadExport } from './export-folder.ts'
import { promptClassifier } from '../metrics/prompt-classifier.ts'

/** How far a probability may be off in another process, on another device or in another program. */
export const TOLERANCE = 1e-3

/** Significant digits of a stored probability: more than single precision has. */
const DIGITS = 9

/** Scores test images for others to compare with: the same number of every class, as far as they go. */
export async function collectAnswers(
  classifier: Classifier,
  source: ImageSource,
  { images, atMost }: { images: readonly LabelledImage[]; atMost: number },
  control: PassControl,
): Promise<ExportedAnswers> {
  const chosen = spread(images, atMost)
  const imageFolder = commonFolder(chosen.map(({ path }) => path))
  const scores = await scoreImages(
    classifier,
    source,
    chosen.map(({ path }) => path),
    control,
  )
  return {
    imageFolder,
    images: chosen.map(({ path, label }, i) => ({
      path: relative(imageFolder, path).split(sep).join('/'),
      label,
      probabilities: probabilities(scores[i]!).map((value) => Number(value.toPrecision(DIGITS))),
    })),
  }
}

/**
 * Scores the images of an export's stored answers with nothing but the export and the CLIP, once with class features
 * computed anew through the prompts and once with the stored ones, and compares both with the stored answers.
 */
export async function verifyExport(
  exported: ReadExport,
  { reader, source }: { reader: Reader; source: ImageSource },
  { atMost, tolerance = TOLERANCE }: { atMost: number; tolerance?: number },
  control: PassControl,
): Promise<Verification> {
  const { answers, config } = exported
  if (answers === null || answers.images.length === 0)
    throw new AppError('invalid-input', `The export in ${exported.folder} has no answers to compare with.`, {
      hint: 'Its verification.json was taken out. Verify the export that it is a copy of.',
    })
  const images = answers.images.slice(0, atMost)
  const paths = images.map(({ path }) => resolve(answers.imageFolder, path))
  const expected = images.map((image) => image.probabilities)
  const classes = config.classNames.length
  return withOwner(bothClassifiers(reader, exported), async (classifier) => {
    const scores = await scoreImages(classifier, source, paths, control)
    const anew = scores.map((row) => probabilities(row.slice(0, classes)))
    const stored = scores.map((row) => probabilities(row.slice(classes)))
    const verification = compareAnswers([...expected, ...expected], [...anew, ...stored], tolerance)
    return { ...verification, images: images.length }
  })
}

/**
 * The largest difference of a probability and the share of equal answers. A number that is not finite counts as the
 * largest difference there is. Passed only if every answer is the same and nothing was empty.
 */
export function compareAnswers(
  expected: readonly (readonly number[])[],
  actual: readonly (readonly number[])[],
  tolerance: number,
): Verification {
  if (expected.length !== actual.length)
    throw new RangeError(`${actual.length} answers for ${expected.length} images`)
  const differences = expected.map((row, i) => largestDifference(row, actual[i]!))
  const equal = expected.filter((row, i) => answer(row) === answer(actual[i]!)).length
  const maxProbabilityDifference = Math.max(0, ...differences)
  const agreement = expected.length === 0 ? 0 : equal / expected.length
  const passed = agreement === 1 && maxProbabilityDifference <= tolerance
  return { images: expected.length, maxProbabilityDifference, agreement, tolerance, passed }
}

/** Scores against recomputed and stored class features side by side, [B, 2C]: each image is encoded once. */
function bothClassifiers(reader: Reader, exported: ReadExport): Classifier & TensorOwner {
  const { classNames, template, textInput } = exported.config
  const anew = promptClassifier(reader, exported, { classNames, template, textInput })
  const shape: [number, number] = [classNames.length, exported.config.architecture.embeddingSize]
  const classFeatures = tf.tidy(() =>
    tf.concat([anew.classFeatures, tf.tensor2d(exported.classFeatures, shape)], 0),
  )
  const dispose = () => {
    anew.dispose()
    classFeatures.dispose()
  }
  return { ...anew, classFeatures, dispose }
}

function largestDifference(expected: readonly number[], actual: readonly number[]): number {
  if (expected.length !== actual.length)
    throw new RangeError(`${actual.length} probabilities for ${expected.length} classes`)
  const largest = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)))
  return Number.isFinite(largest) ? largest : 1
}

function answer(row: readonly number[]): number {
  return row.indexOf(Math.max(...row))
}

/** At most so many images, taken in turn from every class. */
function spread(images: readonly LabelledImage[], atMost: number): LabelledImage[] {
  const turnOf = new Map<number, number>()
  const turns = images.map((image) => {
    const turn = turnOf.get(image.label) ?? 0
    turnOf.set(image.label, turn + 1)
    return { image, turn }
  })
  return turns
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, atMost)
    .map(({ image }) => image)
}

/** The deepest folder that holds all files; the root, or on Windows nothing, when they share no other. */
function commonFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => dirname(path).split(sep))
  const shared = folders.reduce((common, parts) => {
    const end = common.findIndex((part, i) => part !== parts[i])
    return end === -1 ? common : common.slice(0, end)
  }, folders[0] ?? [])
  return shared.length === 1 && shared[0] === '' ? sep : shared.join(sep)
}
