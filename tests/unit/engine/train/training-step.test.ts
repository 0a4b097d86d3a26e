import '../../../support/tensorflow.ts'
import { describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import { embedImages, encodeImages } from '#main/engine/clip/image-branch'
import { logits } from '#main/engine/clip/similarity'
import { encodeText } from '#main/engine/clip/text-branch'
import { plainBlock, type BlockForward } from '#main/engine/clip/transformer'
import { subpromptBlock } from '#main/engine/prompts/subprompt'
import { createTrainingState } from '#main/engine/train/training-stage'
import { trainingStep } from '#main/engine/train/training-step'
import type { TrainConfig } from '#shared/schemas/run'
import { softmax, type NaiveLayer } from '../../../support/naive-clip.ts'
import {
  naiveLoss,
  randomBatch,
  rowsOf,
  slope,
  tinyTask,
  trainConfig,
} from '../../../support/step-fixtures.ts'
import { expectClose, expectNoLeak } from '../../../support/expectations.ts'

const contextLengths = { text: [0, 3, 2], image: [0, 2] }
const widths = { text: 16, image: 24 }
const batch = randomBatch(1, [0, 2, 1, 1])
const RATE = 0.5
const plainDescent = trainConfig({ momentum: 0, weightDecay: 0, promptScale: 0.5 })

function layersOf(values: readonly number[], branch: 'text' | 'image'): NaiveLayer[] {
  const rows = rowsOf(values, widths[branch])
  let next = 0
  return contextLengths[branch].map((length): NaiveLayer => {
    if (length === 0) return { kind: 'plain' }
    const prompt = rows.slice(next, next + length)
    next += length
    return { kind: 'prompt', prompt }
  })
}

function step(layer: number, config: TrainConfig, teacher: tf.Tensor2D | null = null) {
  const task = { ...tinyTask(layer), contextLengths, config, teacher }
  const state = createTrainingState(contextLengths, widths, { promptScale: config.promptScale, seed: 3 })
  return { state, result: trainingStep(task, state, batch, tf.scalar(RATE)) }
}

describe('a training step', () => {
  // Lower layers run once beforehand in one case and within every step in the other.
  test.each([0, 1])('follows the gradient of the naive loss, text from layer %i on', (layer) => {
    const { state, result } = step(layer, plainDescent)
    const before = {
      text: [...state['text.prompts']!.dataSync()],
      image: [...state['image.prompts']!.dataSync()],
    }
    for (const branch of ['text', 'image'] as const) {
      const after = result.state[`${branch}.prompts`]!.dataSync()
      before[branch].forEach((value, at) => {
        if (at % 7 !== 0) return
        const numeric = slope(before[branch], at, (values) => {
          const moved = { ...before, [branch]: values }
          return naiveLoss(batch, {
            text: layersOf(moved.text, 'text'),
            image: layersOf(moved.image, 'image'),
          })
        })
        expect(Math.abs((value - after[at]!) / RATE - numeric)).toBeLessThan(2e-5)
      })
    }
  })

  test('adds lambda times the divergence from a teacher that sees the same images (T13)', () => {
    const { clip, tokens } = tinyTask()
    const teacher = encodeText(clip.text, tokens, plainBlock)
    const distillation = { ...plainDescent.distillation, enabled: true, lambda: 3 }
    const { state, result } = step(1, { ...plainDescent, distillation }, teacher)
    const [total, deviation, divergence] = result.metrics.dataSync()
    const scoresOf = (text: BlockForward, image: BlockForward) => {
      const images = encodeImages(clip.image, embedImages(clip.image, batch.pixels), image)
      return logits({ images, classes: encodeText(clip.text, tokens, text) }, clip.logitScale).arraySync()
    }
    const student = scoresOf(
      subpromptBlock({ contextLengths: contextLengths.text, prompts: state['text.prompts'] as tf.Tensor2D }),
      subpromptBlock({
        contextLengths: contextLengths.image,
        prompts: state['image.prompts'] as tf.Tensor2D,
      }),
    ).map(softmax)
    const expected = scoresOf(plainBlock, plainBlock)
      .map(softmax)
      .map((row, i) => row.reduce((sum, p, c) => sum + p * Math.log(p / student[i]![c]!), 0))
    expectClose(divergence!, expected.reduce((sum, value) => sum + value, 0) / expected.length, 1e-5)
    expectClose(total!, deviation! + 3 * divergence!, 1e-6)
  })

  test('counts right answers as plain scores do', () => {
    const { result } = step(0, plainDescent)
    expect(Number.isInteger(result.metrics.dataSync()[3])).toBe(true)
  })

  test('releases everything but its result', () => {
    const task = { ...tinyTask(1), contextLengths, config: plainDescent, teacher: null }
    const state = createTrainingState(contextLengths, widths, { promptScale: 0.02, seed: 3 })
    const rate = tf.scalar(RATE)
    expectNoLeak(() => {
      const result = trainingStep(task, state, batch, rate)
      tf.dispose([result.metrics, { ...result.state }])
    })
  })
})
