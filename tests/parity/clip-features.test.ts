import '../support/tensorflow.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import { uploadClip } from '#main/engine/clip/clip'
import { embedImages, encodeImages } from '#main/engine/clip/image-branch'
import { loadClip, type LoadedClip } from '#main/engine/clip/model-folder'
import { embedText, encodeText, layOutTexts } from '#main/engine/clip/text-branch'
import { plainBlock } from '#main/engine/clip/transformer'

const fixtures = join(import.meta.dirname, '../fixtures/clip')

interface Features {
  textFeatures: number[][]
  imageFeatures: number[][]
}
interface Expected extends Features {
  texts: string[]
  pixels: { values: number[]; shape: [number, number, number, number] }
  exactGelu: Features
  logitScale: number
}
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Expected

/** Features of plain CLIP for the recorded texts and pixels. */
function features({ weights, tokenizer }: LoadedClip): Features {
  const clip = uploadClip(weights)
  const tokens = layOutTexts(
    clip.text,
    expected.texts.map((text) => embedText(clip.text, tokenizer.encode(text))),
  )
  const [texts, images] = tf.tidy(() => {
    const pixels = tf.tensor4d(expected.pixels.values, expected.pixels.shape)
    return [
      encodeText(clip.text, tokens, plainBlock).arraySync(),
      encodeImages(clip.image, embedImages(clip.image, pixels), plainBlock).arraySync(),
    ]
  }) as unknown as [number[][], number[][]]
  tokens.dispose()
  clip.dispose()
  return { textFeatures: texts, imageFeatures: images }
}

/** Features have length one, so this is relative to them. */
function largestGap(ours: number[][], theirs: number[][]): number {
  return Math.max(...ours.flatMap((row, i) => row.map((value, j) => Math.abs(value - theirs[i]![j]!))))
}

describe('features of the same weights', () => {
  test.each(['huggingface', 'open_clip', 'openai/state-dict.pt', 'openai/torchscript.pt'])(
    'read from %s are those of transformers and open_clip',
    async (path) => {
      const { textFeatures, imageFeatures } = features(await loadClip(join(fixtures, path)))
      expect(largestGap(textFeatures, expected.textFeatures)).toBeLessThan(1e-5)
      expect(largestGap(imageFeatures, expected.imageFeatures)).toBeLessThan(1e-5)
    },
  )

  test('with the exact GELU are those of open_clip', async () => {
    const loaded = await loadClip(join(fixtures, 'open_clip'))
    const architecture = { ...loaded.weights.architecture, activation: 'gelu' } as const
    const { textFeatures, imageFeatures } = features({
      ...loaded,
      weights: { ...loaded.weights, architecture },
    })
    expect(largestGap(textFeatures, expected.exactGelu.textFeatures)).toBeLessThan(1e-5)
    expect(largestGap(imageFeatures, expected.exactGelu.imageFeatures)).toBeLessThan(1e-5)
    expect(largestGap(textFeatures, expected.textFeatures)).toBeGreaterThan(1e-4)
  })
})
