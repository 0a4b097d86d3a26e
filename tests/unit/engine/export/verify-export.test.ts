import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import '../../../support/tensorflow.ts'
import { uploadClip } from '#main/engine/clip/clip'
import type { Tokenizer } from '#main/engine/clip/tokenizer'
import type { ImageSource } from '#main/engine/data/image-source'
import { readExport, writeExport, type ReadExport } from '#main/engine/export/export-folder'
import { promptClassifier, readClassTexts } from '#main/engine/metrics/prompt-classifier'
import { collectAnswers, verifyExport } from '#main/engine/export/verification'
import { withOwner } from '#main/engine/tensor/memory'
import { createRandom } from '#main/engine/tensor/random'
import * as tf from '#main/engine/tensor/tf'
import { exampleParts, examplePreprocessing } from '../../../support/export-example.ts'
import { randomClipWeights } from '../../../support/random-clip.ts'

const reader = { clip: uploadClip(randomClipWeights()), tokenizer: letterTokenizer() }
const source = noiseSource()
const control = { check: () => undefined, onProgress: () => undefined }

let folder: string
let exported: ReadExport

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verify-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

beforeEach(async () => {
  rmSync(join(folder, 'export'), { recursive: true, force: true })
  const parts = exampleParts(folder)
  const { header } = parts.prompt
  await withOwner(promptClassifier(reader, parts.prompt, header), async (classifier) => {
    const images = parts.job.dataset.test
    writeExport(join(folder, 'export'), {
      ...parts,
      classTexts: readClassTexts(reader, header),
      classFeatures: await classifier.classFeatures.data<'float32'>(),
      logitScale: reader.clip.logitScale,
      answers: await collectAnswers(classifier, source, { images, atMost: 6 }, control),
    })
  })
  exported = await readExport(join(folder, 'export'), reader.clip)
})

describe('collectAnswers', () => {
  test('takes images of every class, by paths that can be moved together', () => {
    const { imageFolder, images } = exported.answers!
    expect(imageFolder).toBe(join(folder, 'test'))
    expect(images.map(({ path }) => path)).toEqual(['0.png', '1.png', '2.png', '3.png', '4.png', '5.png'])
    expect(new Set(images.map(({ label }) => label))).toEqual(new Set([0, 1, 2, 3]))
    for (const { probabilities } of images)
      expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1)
  })
})

describe('verifyExport', () => {
  test('passes an export that was just written, through its prompts and through its class features', async () => {
    const verification = await verifyExport(exported, { reader, source }, { atMost: 64 }, control)
    expect(verification).toMatchObject({ images: 6, agreement: 1, passed: true })
    expect(verification.maxProbabilityDifference).toBeLessThan(1e-6)
  })

  test.each([
    [
      'text prompts',
      (it: ReadExport) => ({ ...it, prompts: { ...it.prompts, text: it.prompts.text!.map((x) => -x) } }),
    ],
    [
      'image prompts',
      (it: ReadExport) => ({ ...it, prompts: { ...it.prompts, image: it.prompts.image!.map((x) => -x) } }),
    ],
    ['class features', (it: ReadExport) => ({ ...it, classFeatures: it.classFeatures.map((x) => -x) })],
    ['answers', (it: ReadExport) => ({ ...it, answers: withOtherAnswers(it) })],
  ])('does not pass one with other %s', async (_, change) => {
    const verification = await verifyExport(change(exported), { reader, source }, { atMost: 64 }, control)
    expect(verification.passed).toBe(false)
  })

  test('compares no more images than asked for', async () => {
    const verification = await verifyExport(exported, { reader, source }, { atMost: 2 }, control)
    expect(verification.images).toBe(2)
  })

  test('says so when there is nothing to compare with', async () => {
    const verifying = verifyExport({ ...exported, answers: null }, { reader, source }, { atMost: 2 }, control)
    await expect(verifying).rejects.toMatchObject({ code: 'invalid-input' })
  })

  test('leaves no tensors behind', async () => {
    const before = tf.memory().numTensors
    await verifyExport(exported, { reader, source }, { atMost: 2 }, control)
    expect(tf.memory().numTensors).toBe(before)
  })
})

function withOtherAnswers({ answers }: ReadExport) {
  const images = answers!.images.map((image) => ({
    ...image,
    probabilities: image.probabilities.toReversed(),
  }))
  return { ...answers!, images }
}

/** A token per class name, whatever else the text says. */
function letterTokenizer(): Tokenizer {
  const encode = (text: string) => [28, 4, 9, 10 + (text.length % 10), 29]
  return { encode, countTokens: (text) => encode(text).length, sotId: 28, eotId: 29, textPositions: 12 }
}

/** For every path its own noise. */
function noiseSource(): ImageSource {
  const view = (path: string) => {
    const random = createRandom(1, path.split('/').at(-1)!)
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, () => Math.floor(256 * random.uniform()))
    return Promise.resolve({ width: 8, height: 8, data })
  }
  return { preprocessing: examplePreprocessing, trainingView: view, evaluationView: view }
}
