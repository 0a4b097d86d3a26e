import * as tf from '../tensor/tf.ts'
import type { Scalar, Tensor1D, Tensor2D } from '../tensor/tf.ts'
import { withGradient } from '../tensor/ops.ts'

/** L_de, Eq. 11: mean cross-entropy.  scores [B, C], labels [B] int32 -> scalar */
export function deviationLoss(scores: Tensor2D, labels: Tensor1D): Scalar {
  return tf.tidy(() => {
    const target = tf.oneHot(labels, scores.shape[1])
    return tf.neg(tf.mean<Scalar>(tf.sum(tf.mul(target, tf.logSoftmax(scores)), -1)))
  })
}

/** How the divergences of a batch become one number. */
export type Reduction = 'batch-mean' | 'sum' | 'element-mean'

/**
 * L_kl, Eq. 12: divergence of the prediction from the zero-shot one.  both [B, C] -> scalar
 * The paper sums over the images; `batch-mean` keeps lambda independent of the batch size, `element-mean`
 * divides by the number of classes as well, as the released code does.
 */
export function distillationLoss(
  scores: { student: Tensor2D; teacher: Tensor2D },
  { reduction, temperature }: { reduction: Reduction; temperature: number },
): Scalar {
  return tf.tidy(() => {
    const student = tf.logSoftmax(tf.div(scores.student, temperature))
    const teacher = tf.logSoftmax(tf.div(scores.teacher, temperature))
    const perImage = tf.sum(tf.mul(tf.exp(teacher), tf.sub(teacher, student)), -1)
    if (reduction === 'sum') return tf.sum<Scalar>(perImage)
    const mean = tf.mean<Scalar>(perImage)
    return reduction === 'batch-mean' ? mean : tf.div(mean, scores.student.shape[1])
  })
}

/** L_total, Eq. 13. */
export function totalLoss(terms: { deviation: Scalar; distillation: Scalar; lambda: number }): Scalar {
  return tf.tidy(() => tf.add(terms.deviation, tf.mul(terms.distillation, terms.lambda)))
}

/**
 * How many predictions are right.  scores [B, C], labels [B] int32 -> scalar
 * Counting has no gradient; saying so here lets a step report it beside the loss in one transfer.
 */
export function countCorrect(scores: Tensor2D, labels: Tensor1D): Scalar {
  return withGradient<[Tensor2D], Scalar>(([input]) => ({
    value: tf.sum(tf.cast(tf.equal(tf.argMax(input, -1), labels), 'float32')),
    gradFunc: () => tf.zeros(scores.shape),
  }))(scores)
}
