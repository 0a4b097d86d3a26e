import * as tf from './tf.ts'
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from './tf.ts'

/**
 * A linear layer whose weights are never trained. `weight` is [inputs, outputs], so y = x·W + b; it owns
 * nothing: the tensors belong to the model they come from.
 */
export interface FrozenLinear {
  readonly weight: Tensor2D
  readonly bias: Tensor1D | null
}

/** A function of tensors with its gradient, saying itself what the gradient needs of the forward pass. */
interface Differentiable<Inputs extends Tensor[], Output extends Tensor> {
  (
    inputs: Inputs,
    save: tf.GradSaveFunc,
  ): {
    value: Output
    gradFunc: (dy: Output, saved: Tensor[]) => Tensor | Tensor[]
  }
}

/** tf.customGrad with the types of inputs and output kept. */
export function withGradient<Inputs extends Tensor[], Output extends Tensor>(
  body: Differentiable<Inputs, Output>,
): (...inputs: Inputs) => Output {
  const packed = (...inputsAndSave: (Tensor | tf.GradSaveFunc)[]) => {
    const save = inputsAndSave.at(-1) as tf.GradSaveFunc
    const { value, gradFunc } = body(inputsAndSave.slice(0, -1) as Inputs, save)
    // Outside a tidy of its own, what a gradient makes on its way would live until the whole step ends.
    return { value, gradFunc: (dy: Output, saved: Tensor[]) => tf.tidy(() => gradFunc(dy, saved)) }
  }
  // The declared type of customGrad knows neither the number of inputs nor the rank of the output.
  return tf.customGrad(packed as unknown as Parameters<typeof tf.customGrad>[0]) as unknown as (
    ...inputs: Inputs
  ) => Output
}

/** x·W + b with a gradient for x alone.  [R, inputs] -> [R, outputs] */
export function linear(x: Tensor2D, { weight, bias }: FrozenLinear): Tensor2D {
  return withGradient<[Tensor2D], Tensor2D>(([input]) => {
    const product: Tensor2D = tf.matMul(input, weight)
    const value = bias === null ? product : tf.add<Tensor2D>(product, bias)
    return { value, gradFunc: (dy) => tf.matMul(dy, weight, false, true) }
  })(x)
}

/**
 * Layer normalisation without its scale and shift, which are folded into the layer that follows.
 * [.., d] -> [.., d], biased variance, explicit gradient dx = r·(dy − mean(dy) − y·mean(dy·y)).
 */
export function normaliseRows<T extends Tensor>(x: T, epsilon: number): T {
  return withGradient<[T], T>(([input], save) => {
    const centred = tf.sub(input, tf.mean(input, -1, true))
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon))
    const value: T = tf.mul(centred, inverse)
    save([value, inverse])
    return {
      value,
      gradFunc: (dy, saved) => {
        const [y, r] = saved as [Tensor, Tensor]
        const along = tf.mul(y, tf.mean(tf.mul(dy, y), -1, true))
        return tf.mul(r, tf.sub(tf.sub(dy, tf.mean(dy, -1, true)), along))
      },
    }
  })(x)
}

/** CLIP's activations: OpenAI's x·sigmoid(1.702 x), or the exact GELU of some open_clip models. */
export type Activation = 'quick_gelu' | 'gelu'

/** The activation of a feed-forward layer, keeping only its input for the gradient. */
export function activate<T extends Tensor>(x: T, activation: Activation): T {
  return activation === 'quick_gelu' ? quickGelu(x) : gelu(x)
}

const QUICK_GELU_SLOPE = 1.702

function quickGelu<T extends Tensor>(x: T): T {
  return withGradient<[T], T>(([input], save) => {
    const gate = tf.sigmoid(tf.mul(input, QUICK_GELU_SLOPE))
    const value: T = tf.mul(input, gate)
    save([value, gate])
    return {
      value,
      // d(x·s)/dx = s + 1.702·x·s·(1 − s)
      gradFunc: (dy, saved) => {
        const [y, s] = saved as [Tensor, Tensor]
        return tf.mul(dy, tf.add(s, tf.mul(tf.mul(y, QUICK_GELU_SLOPE), tf.sub(1, s))))
      },
    }
  })(x)
}

function gelu<T extends Tensor>(x: T): T {
  return withGradient<[T], T>(([input], save) => {
    const cumulative = tf.mul(tf.add(tf.erf(tf.mul(input, Math.SQRT1_2)), 1), 0.5)
    save([input, cumulative])
    return {
      value: tf.mul(input, cumulative),
      gradFunc: (dy, saved) => {
        const [z, phi] = saved as [Tensor, Tensor]
        const density = tf.mul(tf.exp(tf.mul(tf.square(z), -0.5)), 1 / Math.sqrt(2 * Math.PI))
        return tf.mul(dy, tf.add(phi, tf.mul(z, density)))
      },
    }
  })(x)
}

/** Consecutive parts of the given lengths along an axis. The gradient of tf.split fails for a single part. */
export function splitParts<T extends Tensor>(x: T, lengths: number[], axis: number): T[] {
  return lengths.length === 1 ? [x] : tf.split(x, lengths, axis)
}

/** Rows of length one.  [R, e] -> [R, e] */
export function unitRows(x: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.div(x, tf.norm(x, 'euclidean', -1, true)))
}

/** What attention gives: the mixed values and, as one more column, the logarithm of the summed weights. */
export type Attended = Tensor3D

/**
 * Softmax attention over one set of keys, with what is needed to merge it with attention over another set.
 *
 * @param query [N, L, w], already divided by sqrt(w)
 * @param key   [N, m, w]
 * @param value [N, m, w]
 * @param mask  [M, L, m] additive with N a multiple of M (the same mask for each run of M), or null
 * @returns     [N, L, w + 1]: softmax(QKᵀ + mask)·V, then logsumexp(QKᵀ + mask)
 */
export function attend(query: Tensor3D, key: Tensor3D, value: Tensor3D, mask: Tensor3D | null): Attended {
  return withGradient<[Tensor3D, Tensor3D, Tensor3D], Attended>(([q, k, v], save) => {
    const scores = addMask(tf.matMul(q, k, false, true), mask)
    const weights = tf.softmax(scores)
    const mixed = tf.matMul(weights, v)
    // The largest weight is exp(largest score − logsumexp) and never underflows.
    const logSum = tf.sub(tf.max(scores, -1, true), tf.log(tf.max(weights, -1, true)))
    save([q, k, v, weights, mixed])
    return {
      value: tf.concat<Tensor3D>([mixed as Tensor3D, logSum as Tensor3D], 2),
      gradFunc: (dy, saved) => attendGradient(dy, saved as Tensor3D[]),
    }
  })(query, key, value)
}

/** dS = P·(dA·Vᵀ − rowsum(dA·A) + dλ), since d logsumexp / dS = P; the rest are matrix products. */
function attendGradient(dy: Tensor3D, saved: Tensor3D[]): Tensor[] {
  const [q, k, v, weights, mixed] = saved as [Tensor3D, Tensor3D, Tensor3D, Tensor3D, Tensor3D]
  const dMixed = attendedValues(dy)
  const correction = tf.sub(tf.sum(tf.mul(dMixed, mixed), -1, true), attendedLogSum(dy))
  const dScores = tf.mul<Tensor3D>(weights, tf.sub(tf.matMul(dMixed, v, false, true), correction))
  return [tf.matMul(dScores, k), tf.matMul(dScores, q, true), tf.matMul(weights, dMixed, true)]
}

/** The mixed values of `attend`.  [N, L, w + 1] -> [N, L, w] */
export function attendedValues(attended: Attended): Tensor3D {
  const [n, length, columns] = attended.shape
  return tf.slice(attended, [0, 0, 0], [n, length, columns - 1])
}

/** The log-sum-exp of `attend`.  [N, L, w + 1] -> [N, L, 1] */
export function attendedLogSum(attended: Attended): Tensor3D {
  const [n, length, columns] = attended.shape
  return tf.slice(attended, [0, 0, columns - 1], [n, length, 1])
}

function addMask(scores: Tensor3D, mask: Tensor3D | null): Tensor3D {
  if (mask === null) return scores
  const [n, length, keys] = scores.shape
  const runs = tf.reshape(scores, [n / mask.shape[0], mask.shape[0], length, keys])
  return tf.reshape(tf.add(runs, tf.expandDims(mask, 0)), [n, length, keys])
}

/** Copies numbers of small tensors to JavaScript in one transfer. The only place where a step waits for the device. */
export async function readScalars<Name extends string>(
  scalars: Record<Name, Scalar>,
): Promise<Record<Name, number>> {
  const names = Object.keys(scalars) as Name[]
  const packed = tf.tidy(() => tf.stack(names.map((name) => scalars[name])))
  try {
    const values = await packed.data()
    return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, number>
  } finally {
    packed.dispose()
  }
}
