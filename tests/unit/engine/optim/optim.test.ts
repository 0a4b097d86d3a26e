import '../../../support/tensorflow.ts'
import { describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import { countCorrect, deviationLoss, distillationLoss } from '#main/engine/optim/losses'
import { adamStep, sgdStep, type AdamSlot, type SgdSlot } from '#main/engine/optim/optimizers'
import { learningRateAt } from '#main/engine/optim/schedule'
import { expectClose } from '../../../support/expectations.ts'

describe('the learning rate', () => {
  const cosine = {
    schedule: 'cosine',
    learningRate: 3.5e-3,
    epochs: 10,
    warmUpEpochs: 1,
    warmUpLearningRate: 1e-5,
  } as const

  test('is one warm-up epoch and then a cosine over all epochs (T10)', () => {
    const expected = [
      1e-5, 3.5e-3, 3.41435e-3, 3.16578e-3, 2.77862e-3, 2.29078e-3, 1.75e-3, 1.20922e-3, 7.21376e-4,
      3.3422e-4,
    ]
    expected.forEach((rate, epoch) => expect(learningRateAt(epoch, cosine)).toBeCloseTo(rate, 8))
  })

  test('can stay constant', () => {
    expect([0, 1, 9].map((epoch) => learningRateAt(epoch, { ...cosine, schedule: 'constant' }))).toEqual([
      1e-5, 3.5e-3, 3.5e-3,
    ])
  })
})

describe('SGD with momentum and weight decay', () => {
  test('follows a trace computed by hand (T12)', () => {
    // p = 1, rate 0.1, momentum 0.9, decay 0.5, gradients 1, 2, -1:
    // v = 1.5, p = 0.85; v = 1.35 + 2.425 = 3.775, p = 0.4725; v = 3.3975 - 0.76375 = 2.63375, p = 0.209125
    const settings = { rate: tf.scalar(0.1), momentum: 0.9, weightDecay: 0.5 }
    let slot: SgdSlot = { parameter: tf.scalar(1), velocity: tf.scalar(0) }
    const trace = [1, 2, -1].map((gradient) => {
      slot = sgdStep(slot, tf.scalar(gradient), settings)
      return slot.parameter.arraySync() as number
    })
    expectClose(trace, [0.85, 0.4725, 0.209125], 1e-7)
  })
})

describe('Adam', () => {
  test('moves by the rate along the sign of the first gradient, then by corrected means', () => {
    const settings = { rate: tf.scalar(0.1), betas: [0.5, 0.999] as const, weightDecay: 0 }
    let slot: AdamSlot = {
      parameter: tf.scalar(1),
      first: tf.scalar(0),
      second: tf.scalar(0),
      step: tf.scalar(0),
    }
    const trace = [3, -1].map((gradient) => {
      slot = adamStep(slot, tf.scalar(gradient), settings)
      return slot.parameter.arraySync() as number
    })
    // second: m = (0.5·1.5 − 0.5)/0.75 = 1/3; v = (0.999·0.009 + 0.001)/0.001999 = 4.997998...
    const second = 0.9 - (0.1 * (1 / 3)) / Math.sqrt((0.999 * 0.009 + 0.001) / (1 - 0.999 ** 2))
    expectClose(trace, [0.9, second], 2e-5)
  })
})

describe('losses', () => {
  const student = tf.tensor2d([1, 2, 0.5, -1, 0, 3], [2, 3])
  const teacher = tf.tensor2d([0, 1, 1, 2, 0, 1], [2, 3])
  const settings = { reduction: 'batch-mean', temperature: 1 } as const

  test('deviation is the mean cross-entropy', () => {
    const entropy = (row: number[], label: number) =>
      Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[label]!
    const expected = (entropy([1, 2, 0.5], 1) + entropy([-1, 0, 3], 0)) / 2
    expectClose(deviationLoss(student, tf.tensor1d([1, 0], 'int32')).arraySync(), expected, 1e-6)
  })

  test('distillation from itself is 0 and has no gradient (T13)', () => {
    const loss = (scores: tf.Tensor) =>
      distillationLoss({ student: scores as tf.Tensor2D, teacher }, settings)
    expectClose(loss(teacher).arraySync(), 0, 1e-6)
    expectClose(
      tf.grad(loss)(teacher).arraySync(),
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      1e-6,
    )
  })

  test('reductions differ by the batch size and by the number of classes (T13)', () => {
    const [mean, sum, elements] = (['batch-mean', 'sum', 'element-mean'] as const).map((reduction) =>
      distillationLoss({ student, teacher }, { ...settings, reduction }).arraySync(),
    )
    expectClose([sum! / mean!, mean! / elements!], [2, 3], 1e-6)
  })

  test('counting right answers passes no gradient on', () => {
    const labels = tf.tensor1d([1, 0], 'int32')
    expect(countCorrect(student, labels).arraySync()).toBe(1)
    expectClose(
      tf
        .grad((x) => countCorrect(x as tf.Tensor2D, labels))(student)
        .arraySync(),
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      0,
    )
  })
})
