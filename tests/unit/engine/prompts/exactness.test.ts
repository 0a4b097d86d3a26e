import '../../../support/tensorflow.ts'
import { describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import { uploadClip } from '#main/engine/clip/clip'
import { embedImages, encodeImages } from '#main/engine/clip/image-branch'
import { advanceText, embedText, encodeText, layOutTexts } from '#main/engine/clip/text-branch'
import { plainBlock, type BlockForward } from '#main/engine/clip/transformer'
import { mixedBlock } from '#main/engine/prompts/mixed-block'
import { lowestPromptedLayer, subpromptBlock } from '#main/engine/prompts/subprompt'
import { createRandom, normalArray } from '#main/engine/tensor/random'
import { naiveImage, naiveText, softmax, type NaiveLayer, type Rows } from '../../../support/naive-clip.ts'
import { randomClipWeights, tinyArchitecture } from '../../../support/random-clip.ts'
import { expectClose, expectNoLeak } from '../../../support/expectations.ts'

const weights = randomClipWeights()
const clip = uploadClip(weights)
const random = createRandom(3)

/** Three classes of different lengths behind the same three tokens. */
const texts = [
  [28, 4, 9, 12, 29],
  [28, 4, 9, 7, 8, 3, 29],
  [28, 4, 9, 20, 21, 29],
]
const pixels = tf.tensor4d(normalArray(random, 2 * 8 * 8 * 3, 1), [2, 8, 8, 3])
const options = [0, 2, 3]

/** Prompts of all options of a branch, [depth, 5, width], and what the naive reference makes of them. */
function randomPrompts(depth: number, width: number, std = 0.5) {
  const values = normalArray(random, depth * 5 * width, std)
  const row = (layer: number, at: number) =>
    Array.from(values.slice((layer * 5 + at) * width, (layer * 5 + at + 1) * width))
  const perLayer = Array.from({ length: depth }, (_, layer): Rows[] => [
    [],
    [row(layer, 0), row(layer, 1)],
    [row(layer, 2), row(layer, 3), row(layer, 4)],
  ])
  return { tensor: tf.tensor3d(values, [depth, 5, width]), perLayer }
}

function embedRows(ids: readonly number[]): Rows {
  const { width, textPositions } = tinyArchitecture.text
  const padded = [...ids, ...new Array<number>(textPositions - ids.length).fill(0)]
  return padded.map((id) => Array.from(weights.text.tokenEmbedding.slice(id * width, (id + 1) * width)))
}

function naiveTexts(layers: NaiveLayer[]): number[][] {
  return texts.map((ids) => naiveText(weights, embedRows(ids), ids.length - 1, layers))
}

function naiveImages(layers: NaiveLayer[]): number[][] {
  const values = pixels.dataSync()
  return [0, 1].map((i) => naiveImage(weights, values.slice(i * 192, (i + 1) * 192), layers))
}

function ourTexts(forward: BlockForward, settings = {}): number[][] {
  const tokens = layOutTexts(
    clip.text,
    texts.map((ids) => embedText(clip.text, ids)),
    settings,
  )
  const features = tf.tidy(() => encodeText(clip.text, tokens, forward))
  tokens.dispose()
  const values = features.arraySync()
  features.dispose()
  return values
}

function ourImages(forward: BlockForward): number[][] {
  return tf.tidy(() => encodeImages(clip.image, embedImages(clip.image, pixels), forward).arraySync())
}

const plain = (depth: number): NaiveLayer[] => Array.from({ length: depth }, () => ({ kind: 'plain' }))

describe('plain CLIP', () => {
  test('equals a naive double-precision CLIP over all positions (T2, T3, T9)', () => {
    expectClose(ourTexts(plainBlock), naiveTexts(plain(3)), 2e-6)
    expectClose(ourImages(plainBlock), naiveImages(plain(2)), 2e-6)
  })

  test('gives the same with and without a shared prefix (T3)', () => {
    expectClose(ourTexts(plainBlock, { sharePrefix: false }), ourTexts(plainBlock), 2e-6)
  })

  test('gives the same when lower blocks ran before', () => {
    const tokens = layOutTexts(
      clip.text,
      texts.map((ids) => embedText(clip.text, ids)),
    )
    const advanced = advanceText(clip.text, tokens, 2)
    expectClose(encodeText(clip.text, advanced, plainBlock).arraySync(), naiveTexts(plain(3)), 2e-6)
    advanced.dispose()
    tokens.dispose()
  })

  test('reads a GELU model as well', () => {
    const architecture = { ...tinyArchitecture, activation: 'gelu' as const }
    const gelu = uploadClip({ ...weights, architecture })
    const ours = tf.tidy(() =>
      encodeImages(gelu.image, embedImages(gelu.image, pixels), plainBlock).arraySync(),
    )
    const naive = [0, 1].map((i) =>
      naiveImage({ ...weights, architecture }, pixels.dataSync().slice(i * 192, (i + 1) * 192), plain(2)),
    )
    expectClose(ours, naive, 2e-6)
    gelu.dispose()
  })
})

describe('a prompted block', () => {
  const lengths = { text: [3, 0, 2], image: [0, 2] }

  test('equals prompts prepended to the keys of a joint softmax (T4, T6)', () => {
    for (const std of [0.01, 1, 100]) {
      const text = normalArray(random, 5 * 16, std)
      const rows = Array.from({ length: 5 }, (_, i) => Array.from(text.slice(i * 16, (i + 1) * 16)))
      const layers: NaiveLayer[] = [
        { kind: 'prompt', prompt: rows.slice(0, 3) },
        { kind: 'plain' },
        { kind: 'prompt', prompt: rows.slice(3) },
      ]
      const forward = subpromptBlock({ contextLengths: lengths.text, prompts: tf.tensor2d(text, [5, 16]) })
      expectClose(ourTexts(forward), naiveTexts(layers), 5e-6)
      expectClose(ourTexts(forward, { sharePrefix: false }), naiveTexts(layers), 5e-6)
    }
  })

  test('does not care about the order of prompt rows (T6)', () => {
    const rows = normalArray(random, 2 * 24, 0.5)
    const swapped = Float32Array.from([...rows.slice(24), ...rows.slice(0, 24)])
    const features = [rows, swapped].map((values) =>
      ourImages(subpromptBlock({ contextLengths: lengths.image, prompts: tf.tensor2d(values, [2, 24]) })),
    )
    expectClose(features[0]!, features[1]!, 1e-6)
    expectClose(
      features[0]!,
      naiveImages([
        { kind: 'plain' },
        { kind: 'prompt', prompt: [Array.from(rows.slice(0, 24)), Array.from(rows.slice(24))] },
      ]),
      2e-6,
    )
  })

  test('is plain CLIP when all context lengths are 0 (T1)', () => {
    expectClose(
      ourTexts(subpromptBlock({ contextLengths: [0, 0, 0], prompts: null })),
      ourTexts(plainBlock),
      0,
    )
    expect(lowestPromptedLayer([0, 0, 0])).toBe(3)
    expect(lowestPromptedLayer([0, 2, 0])).toBe(1)
  })
})

describe.each(['block', 'attention'] as const)('mixing at the %s', (mixing) => {
  const text = randomPrompts(3, 16)
  const image = randomPrompts(2, 24)
  const alphaText = tf.tensor2d(normalArray(random, 9, 1), [3, 3])
  const alphaImage = tf.tensor2d(normalArray(random, 6, 1), [2, 3])

  const naiveLayers = (perLayer: Rows[][], alpha: number[][]): NaiveLayer[] =>
    perLayer.map((prompts, layer) => ({ kind: 'mixed', prompts, weights: softmax(alpha[layer]!), mixing }))

  test('equals every option computed on its own', () => {
    const forwardText = () => mixedBlock({ options, mixing, prompts: text.tensor, alpha: alphaText })
    const forwardImage = () => mixedBlock({ options, mixing, prompts: image.tensor, alpha: alphaImage })
    expectClose(ourTexts(forwardText()), naiveTexts(naiveLayers(text.perLayer, alphaText.arraySync())), 5e-6)
    expectClose(
      ourImages(forwardImage()),
      naiveImages(naiveLayers(image.perLayer, alphaImage.arraySync())),
      5e-6,
    )
  })

  test('with one-hot weights is the chosen option alone (T5)', () => {
    const decided = tf.tensor2d([0, 60, 0, 60, 0, 0, 0, 0, 60], [3, 3])
    const layers = text.perLayer.map((prompts, layer): NaiveLayer => ({
      kind: 'prompt',
      prompt: prompts[[1, 0, 2][layer]!]!,
    }))
    expectClose(
      ourTexts(mixedBlock({ options, mixing, prompts: text.tensor, alpha: decided })),
      naiveTexts(layers),
      5e-6,
    )
  })

  test('of equal options is the option itself (T7)', () => {
    const [a, b] = [normalArray(random, 24, 0.5), normalArray(random, 24, 0.5)]
    const twice = tf.tensor3d(Float32Array.from([...a, ...a, ...b, ...b]), [2, 2, 24])
    const forward = mixedBlock({ options: [1, 1], mixing, prompts: twice, alpha: tf.zeros([2, 2]) })
    const single = subpromptBlock({
      contextLengths: [1, 1],
      prompts: tf.tensor2d(Float32Array.from([...a, ...b]), [2, 24]),
    })
    expectClose(ourImages(forward), ourImages(single), 2e-6)
  })

  test('leaves no tensors behind', () => {
    expectNoLeak(() =>
      ourImages((block, rows, layer, view) =>
        tf.tidy(() =>
          mixedBlock({ options, mixing, prompts: image.tensor, alpha: alphaImage })(block, rows, layer, view),
        ),
      ),
    )
  })
})
