import * as tf from '../tensor/tf.ts'
import type { Scalar, Tensor } from '../tensor/tf.ts'

/** A parameter with what its optimizer remembers. Updates return new tensors; nothing is changed in place. */
export type SgdSlot = Readonly<Record<'parameter' | 'velocity', Tensor>>

/** g = gradient + weightDecay·p;  v = momentum·v + g;  p = p − rate·v.  The caller owns the result. */
export function sgdStep(
  { parameter, velocity }: SgdSlot,
  gradient: Tensor,
  { rate, momentum, weightDecay }: { rate: Scalar; momentum: number; weightDecay: number },
): SgdSlot {
  return tf.tidy(() => {
    const decayed = tf.add(gradient, tf.mul(parameter, weightDecay))
    const next = tf.add(tf.mul(velocity, momentum), decayed)
    return { parameter: tf.sub(parameter, tf.mul(next, rate)), velocity: next }
  })
}

/** A parameter under Adam; `step` counts the updates so far, as a scalar. */
export type AdamSlot = Readonly<Record<'parameter' | 'first' | 'second' | 'step', Tensor>>

const ADAM_EPSILON = 1e-8

/** Adam with bias correction and decay added to the gradient. The caller owns the result. */
export function adamStep(
  slot: AdamSlot,
  gradient: Tensor,
  { rate, betas, weightDecay }: { rate: Scalar; betas: readonly [number, number]; weightDecay: number },
): AdamSlot {
  return tf.tidy(() => {
    const [beta1, beta2] = betas
    const decayed = tf.add(gradient, tf.mul(slot.parameter, weightDecay))
    const step = tf.add(slot.step, 1)
    const first = tf.add(tf.mul(slot.first, beta1), tf.mul(decayed, 1 - beta1))
    const second = tf.add(tf.mul(slot.second, beta2), tf.mul(tf.square(decayed), 1 - beta2))
    const unbiasedFirst = tf.div(first, tf.sub(1, tf.pow(beta1, step)))
    const unbiasedSecond = tf.div(second, tf.sub(1, tf.pow(beta2, step)))
    const move = tf.div(unbiasedFirst, tf.add(tf.sqrt(unbiasedSecond), ADAM_EPSILON))
    return { parameter: tf.sub(slot.parameter, tf.mul(move, rate)), first, second, step }
  })
}
