import * as tf from '../tensor/tf.ts'
import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from '../tensor/tf.ts'
import { attendedValues, linear, splitParts, type Attended } from '../tensor/ops.ts'
import {
  attendToPrompt,
  attendToTokens,
  feedForward,
  finishBlock,
  joinHeads,
  promptKeys,
  promptShare,
  type Block,
  type BlockForward,
  type PromptKeys,
  type TokenAttention,
} from '../clip/transformer.ts'

/** What the search stage learns for one branch. Borrowed: the tensors belong to the search state. */
export interface Supprompt {
  /** context length of each option */
  readonly options: readonly number[]
  /** 'block' mixes whole block outputs as the paper writes, 'attention' mixes before residual and feed-forward */
  readonly mixing: 'block' | 'attention'
  /** [depth, sum of options, d]: in each layer the prompts of all options, one after the other */
  readonly prompts: Tensor3D
  /** [depth, t] */
  readonly alpha: Tensor2D
}

/** beta from alpha, Eq. 7, for all layers.  [depth, t] -> [depth, t], each row positive and summing to 1 */
export function optionWeights(alpha: Tensor2D): Tensor2D {
  return tf.softmax(alpha)
}

/** The search stage's way through a block: every option, weighted and added up, Eq. 6. */
export function mixedBlock({ options, mixing, prompts, alpha }: Supprompt): BlockForward {
  const promptOfLayer = tf.unstack(prompts) as Tensor2D[]
  const weightsOfLayer = tf.unstack(optionWeights(alpha)) as Tensor1D[]
  const mix = mixing === 'block' ? mixBlocks : mixAttention
  return (block, rows, layer, view) => {
    const tokens = attendToTokens(block, rows, view)
    const prompted = attendToOptions(block, tokens, { options, prompt: promptOfLayer[layer]! })
    return mix(block, tokens, prompted, weightsOfLayer[layer]!)
  }
}

/** Attention of one option's prompt merged into that of the tokens: how much it takes, and what it puts there. */
interface PromptedAttention {
  /** [H, Q, 1] */
  readonly share: Tensor3D
  /** [H, Q, d/H] what the prompt's values differ by from the tokens' */
  readonly difference: Tensor3D
}

/**
 * Attention under every option from one score block of the tokens. With logsumexp λ of the two softmaxes,
 * the joint one is (1 − s)·tokens + s·prompt where s = sigmoid(λ_prompt − λ_tokens). null for length 0.
 */
function attendToOptions(
  block: Block,
  { query, attended }: TokenAttention,
  { options, prompt }: { options: readonly number[]; prompt: Tensor2D },
): (PromptedAttention | null)[] {
  const keys = splitKeys(promptKeys(block, prompt), options)
  const values = attendedValues(attended)
  return keys.map((key) => {
    if (key === null) return null
    const prompted = attendToPrompt(query, key)
    return { share: promptShare(attended, prompted), difference: tf.sub(attendedValues(prompted), values) }
  })
}

/** [H, sum of options, w] -> one [H, c, w] per option */
function splitKeys({ key, value }: PromptKeys, options: readonly number[]): (PromptKeys | null)[] {
  const lengths = options.filter((length) => length > 0)
  const keys = splitParts(key, lengths, 1)
  const values = splitParts(value, lengths, 1)
  let next = 0
  return options.map((length) => {
    if (length === 0) return null
    const at = next++
    return { key: keys[at]!, value: values[at]! }
  })
}

/** h_i of every option, Eq. 3, then their weighted sum; the feed-forward of all options is one product. */
function mixBlocks(
  block: Block,
  { residual, attended }: TokenAttention,
  options: readonly (PromptedAttention | null)[],
  weights: Tensor1D,
): Tensor2D {
  const [rows, width] = residual.shape
  const values = attendedValues(attended)
  const merged = options.map((option) => joinHeads(option === null ? values : merge(values, option)))
  const projected = linear(tf.concat(merged, 0), block.output)
  const perOption = [options.length, rows, width] as const
  const between: Tensor2D = tf.reshape(
    tf.add(tf.reshape(projected, [...perOption]), tf.expandDims(residual, 0)),
    [options.length * rows, width],
  )
  const outputs = tf.add(between, feedForward(block, between))
  const flat: Tensor2D = tf.reshape(outputs, [options.length, rows * width])
  const row: Tensor2D = tf.reshape(weights, [1, options.length])
  return tf.reshape(tf.matMul(row, flat), [rows, width])
}

/** The mixture taken right after attention: one output projection and one feed-forward for all options. */
function mixAttention(
  block: Block,
  { residual, attended }: TokenAttention,
  options: readonly (PromptedAttention | null)[],
  weights: Tensor1D,
): Tensor2D {
  const weightOf = tf.unstack(weights) as Scalar[]
  const parts = options.flatMap((option, i) =>
    option === null ? [] : [tf.mul<Tensor3D>(tf.mul(option.share, weightOf[i]!), option.difference)],
  )
  const mixed = tf.addN<Tensor3D>([attendedValues(attended), ...parts])
  return finishBlock(block, residual, joinHeads(mixed))
}

function merge(values: Tensor3D, { share, difference }: PromptedAttention): Tensor3D {
  return tf.add(values, tf.mul(share, difference))
}

/** One prompt merged into the tokens' attention: what the training stage does in each prompted layer. */
export function promptedAttention(block: Block, tokens: TokenAttention, prompt: Tensor2D): Tensor3D {
  const prompted: Attended = attendToPrompt(tokens.query, promptKeys(block, prompt))
  const values = attendedValues(tokens.attended)
  const share = promptShare(tokens.attended, prompted)
  return merge(values, { share, difference: tf.sub(attendedValues(prompted), values) })
}
