import { expect, test, vi } from 'vitest'
import '../../../support/tensorflow.ts'
import { uploadClip } from '#main/engine/clip/clip'
import type { Tokenizer } from '#main/engine/clip/tokenizer'
import type { ImageSource } from '#main/engine/data/image-source'
import { zeroShotFeatures } from '#main/engine/methods/class-texts'
import { evaluate, zeroShotClassifier } from '#main/engine/metrics/evaluate'
import { evaluateWordings } from '#main/engine/metrics/wordings'
import { createRandom } from '#main/engine/tensor/random'
import * as tf from '#main/engine/tensor/tf'
import { examplePreprocessing } from '../../../support/export-example.ts'
import { randomClipWeights } from '../../../support/random-clip.ts'

const reader = { clip: uploadClip(randomClipWeights()), tokenizer: letterTokenizer() }
const control = { check: () => undefined, onProgress: () => undefined }
const images = Array.from({ length: 37 }, (_, i) => ({ path: `${i}.png`, label: i % 3 }))
const task = { images, split: 'validation' as const }
const wordings = [
  { template: 'a photo of a {}.', classNames: ['cat', 'dog', 'cow'] },
  { template: '{}', classNames: ['kitten', 'hound', 'ox'] },
  { template: 'a photo of a {}.', classNames: ['cat', 'hound', 'cattle'] },
]

test('wordings score as zero-shot CLIP with each of them does, and every image is looked at once', async () => {
  const source = noiseSource()
  const tested = await evaluateWordings(reader, wordings, source, task, control)
  expect(source.evaluationView).toHaveBeenCalledTimes(images.length)
  const losses = new Set<number>()
  for (const [i, texts] of wordings.entries()) {
    const classFeatures = zeroShotFeatures(reader, texts)
    const classifier = zeroShotClassifier(reader.clip, texts.classNames, classFeatures)
    const { loss, accuracy, confusion, classes } = await evaluate(classifier, noiseSource(), task, control)
    classFeatures.dispose()
    expect(tested[i]).toMatchObject({ split: 'validation', images: 37, accuracy, confusion, classes })
    expect(tested[i]!.loss).toBeCloseTo(loss, 5)
    losses.add(loss)
  }
  expect(losses.size).toBe(wordings.length)
})

test('progress counts images; stopping in the middle leaves no tensors behind', async () => {
  const before = tf.memory().numTensors
  const told: number[] = []
  const stopping = {
    check: () => {
      if (told.length === 2) throw new Error('stop')
    },
    onProgress: (done: number, total: number) => {
      expect(total).toBe(images.length)
      told.push(done)
    },
  }
  await expect(evaluateWordings(reader, wordings, noiseSource(), task, stopping)).rejects.toThrow('stop')
  expect(told).toEqual([16, 32])
  await evaluateWordings(reader, wordings, noiseSource(), task, control)
  expect(tf.memory().numTensors).toBe(before)
})

/** Ids that depend on the text. */
function letterTokenizer(): Tokenizer {
  const encode = (text: string) => [
    28,
    text.charCodeAt(0) % 28,
    text.length % 28,
    text.charCodeAt(text.length - 2) % 28,
    29,
  ]
  return { encode, countTokens: (text) => encode(text).length, sotId: 28, eotId: 29, textPositions: 12 }
}

/** For every path its own noise. */
function noiseSource() {
  const view = (path: string) => {
    const random = createRandom(1, path)
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, () => Math.floor(256 * random.uniform()))
    return Promise.resolve({ width: 8, height: 8, data })
  }
  const source: ImageSource = {
    preprocessing: examplePreprocessing,
    trainingView: view,
    evaluationView: view,
  }
  return { ...source, evaluationView: vi.fn(view) }
}
