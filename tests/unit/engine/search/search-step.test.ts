import '../../../support/tensorflow.ts'
import { describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import type { NamedTensors } from '#main/engine/tensor/memory'
import { searchStep } from '#main/engine/search/search-step'
import { createSearchState } from '#main/engine/prompts/supprompt'
import type { SearchConfig } from '#shared/schemas/run'
import { softmax, type NaiveLayer } from '../../../support/naive-clip.ts'
import {
  naiveLoss,
  randomBatch,
  rowsOf,
  searchConfig,
  slope,
  tinyTask,
} from '../../../support/step-fixtures.ts'
import { expectClose, expectNoLeak } from '../../../support/expectations.ts'

const shapes = { text: { depth: 3, width: 16 }, image: { depth: 2, width: 24 } }
const { clip, tokens } = tinyTask()
const train = randomBatch(1, [0, 2, 1, 1])
const validation = randomBatch(2, [1, 0, 2])
const RATE = 0.5

type Values = Record<string, number[]>

function take(
  config: SearchConfig,
  state: NamedTensors,
  rates = { prompts: RATE, alpha: RATE as number | null },
) {
  return searchStep(
    { clip, tokens, branches: ['text', 'image'], config },
    state,
    { train, validation },
    { prompts: tf.scalar(rates.prompts), alpha: rates.alpha === null ? null : tf.scalar(rates.alpha) },
  )
}

function valuesOf(state: NamedTensors): Values {
  return Object.fromEntries(
    Object.entries(state).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]),
  )
}

function layersOf(values: Values, branch: 'text' | 'image', mixing: SearchConfig['mixing']): NaiveLayer[] {
  const { depth, width } = shapes[branch]
  const rows = rowsOf(values[`${branch}.prompts`]!, width)
  const alpha = rowsOf(values[`${branch}.alpha`]!, 3)
  return Array.from({ length: depth }, (_, layer) => {
    const own = rows.slice(layer * 5, layer * 5 + 5)
    return {
      kind: 'mixed',
      prompts: [[], own.slice(0, 2), own.slice(2)],
      weights: softmax(alpha[layer]!),
      mixing,
    }
  })
}

function lossOf(values: Values, batch: typeof train, mixing: SearchConfig['mixing']): number {
  return naiveLoss(batch, {
    text: layersOf(values, 'text', mixing),
    image: layersOf(values, 'image', mixing),
  })
}

/** With plain gradient descent, (before − after) / rate is the gradient. */
function gradientOf(name: string, before: Values, after: Values): number[] {
  return before[name]!.map((value, i) => (value - after[name]![i]!) / RATE)
}

const plainDescent = { momentum: 0, weightDecay: 0, alphaMomentum: 0, alphaInitialScale: 0.5 }

/** A few entries of every parameter: enough to catch a wrong term in any layer, quick enough to run always. */
function sample(length: number): number[] {
  return Array.from({ length: 8 }, (_, i) => Math.floor((i * length) / 8 + i) % length)
}

describe.each(['block', 'attention'] as const)('a search step mixing at the %s', (mixing) => {
  const config = searchConfig({ ...plainDescent, mixing })
  const state = createSearchState(shapes, { ...config, promptInitialisation: 'as-released' }, 5)
  const before = valuesOf(state)
  const result = take(config, state)
  const after = valuesOf(result.state)

  test('moves alpha along the validation loss with the prompts it had (T8)', () => {
    for (const name of ['text.alpha', 'image.alpha']) {
      const gradient = gradientOf(name, before, after)
      for (const at of before[name]!.keys()) {
        const numeric = slope(before[name]!, at, (values) =>
          lossOf({ ...before, [name]: values }, validation, mixing),
        )
        expect(Math.abs(gradient[at]! - numeric)).toBeLessThan(2e-5)
      }
    }
  })

  test('moves the prompts along the training loss with the new alpha (T17)', () => {
    const between: Values = {
      ...before,
      'text.alpha': after['text.alpha']!,
      'image.alpha': after['image.alpha']!,
    }
    for (const name of ['text.prompts', 'image.prompts']) {
      const gradient = gradientOf(name, before, after)
      for (const at of sample(before[name]!.length)) {
        const numeric = slope(between[name]!, at, (values) =>
          lossOf({ ...between, [name]: values }, train, mixing),
        )
        expect(Math.abs(gradient[at]! - numeric)).toBeLessThan(2e-5)
      }
    }
  })

  test('reports both losses', () => {
    const [validationLoss, , trainLoss] = result.metrics.dataSync()
    const between = { ...before, 'text.alpha': after['text.alpha']!, 'image.alpha': after['image.alpha']! }
    expectClose(
      [validationLoss!, trainLoss!],
      [lossOf(before, validation, mixing), lossOf(between, train, mixing)],
      5e-6,
    )
  })
})

describe('the state of a search', () => {
  test('leaves alpha alone while it is frozen', () => {
    const config = searchConfig()
    const state = createSearchState(shapes, config, 5)
    const after = valuesOf(take(config, state, { prompts: 0.1, alpha: null }).state)
    expect(after['text.alpha']).toEqual(valuesOf(state)['text.alpha'])
    expect(after['text.prompts']).not.toEqual(valuesOf(state)['text.prompts'])
  })

  test('keeps the prompts when only alpha has a rate', () => {
    const config = searchConfig({ weightDecay: 0 })
    const state = createSearchState(shapes, config, 5)
    const after = valuesOf(take(config, state, { prompts: 0, alpha: 0.1 }).state)
    expect(after['image.prompts']).toEqual(valuesOf(state)['image.prompts'])
    expect(after['image.alpha']).not.toEqual(valuesOf(state)['image.alpha'])
  })

  test('searches one branch alone when asked to', () => {
    const config = searchConfig()
    const state = createSearchState({ image: shapes.image }, config, 5)
    const task = { clip, tokens, branches: ['image' as const], config }
    const rates = { prompts: tf.scalar(0.1), alpha: tf.scalar(0.1) }
    const { state: after } = searchStep(task, state, { train, validation }, rates)
    expect(Object.keys(after).every((name) => name.startsWith('image.'))).toBe(true)
  })

  test.each(['sgd', 'adam'] as const)('is all that a step with %s keeps', (alphaOptimizer) => {
    const config = searchConfig({ alphaOptimizer })
    const state = createSearchState(shapes, config, 5)
    const task = { clip, tokens, branches: ['text' as const, 'image' as const], config }
    const rates = { prompts: tf.scalar(0.1), alpha: tf.scalar(0.1) }
    expectNoLeak(() => {
      const result = searchStep(task, state, { train, validation }, rates)
      tf.dispose([result.metrics, { ...result.state }])
    })
  })
})
