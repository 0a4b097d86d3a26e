import * as tf from '../tensor/tf.ts'
import type { Tensor2D } from '../tensor/tf.ts'

/** Scaled cosine similarities.  images [B, e] and classes [C, e] unit rows -> [B, C] */
export function logits(features: { images: Tensor2D; classes: Tensor2D }, logitScale: number): Tensor2D {
  return tf.mul(tf.matMul(features.images, features.classes, false, true), logitScale)
}

/** The prediction, Eq. 10.  [B, C] -> [B, C] */
export function classProbabilities(scores: Tensor2D): Tensor2D {
  return tf.softmax(scores)
}
