import * as tf from '../tensor/tf.ts'
import type { Tensor2D, Tensor3D } from '../tensor/tf.ts'
import {
  activate,
  attend,
  attendedLogSum,
  attendedValues,
  linear,
  normaliseRows,
  type Activation,
  type Attended,
  type FrozenLinear,
} from '../tensor/ops.ts'

/**
 * One pre-norm transformer block of CLIP with frozen weights. The scale and shift of each layer norm are
 * folded into the layer behind it, and 1/sqrt(head width) into the query.
 */
export interface Block {
  readonly heads: number
  readonly activation: Activation
  readonly epsilon: number
  readonly query: FrozenLinear // [d, d]
  readonly keyValue: FrozenLinear // [d, 2d]
  readonly output: FrozenLinear // [d, d]
  readonly expand: FrozenLinear // [d, 4d]
  readonly contract: FrozenLinear // [4d, d]
}

/**
 * How the rows of a branch belong together: `prefix` rows that every group sees (the words before the class
 * name; none in the image branch), then `groups` sequences (images or classes) of `length` rows each.
 */
export interface TokenLayout {
  readonly groups: number
  readonly length: number
  readonly prefix: number
  /** [1, prefix, prefix] additive; null without a prefix */
  readonly prefixMask: Tensor3D | null
  /** [1, length, prefix + length] additive causal mask; null in the image branch */
  readonly mask: Tensor3D | null
  /** the row of each group that the branch reads out: [groups] indices into the rows */
  readonly readOutRows: tf.Tensor1D
  /** [groups, 1, prefix + length] additive mask of the read-out rows; null in the image branch */
  readonly readOutMask: Tensor3D | null
}

/** Which rows a block has to give: all of them, or in the last block only those that are read out. */
export interface TokenView {
  readonly layout: TokenLayout
  readonly readOutOnly: boolean
}

/** A prompting method: its way through a block.  rows [R, d] -> [R, d], or [groups, d] when only those are read */
export type BlockForward = (block: Block, rows: Tensor2D, layer: number, view: TokenView) => Tensor2D

/** A block's attention over its own tokens, before any prompt has a say. */
export interface TokenAttention {
  /** [Q, d] the rows that go on, for the residual path */
  readonly residual: Tensor2D
  /** [H, Q, d/H] */
  readonly query: Tensor3D
  /** [H, Q, d/H + 1] */
  readonly attended: Attended
}

/** Runs rows through the blocks from `first` on; the last block gives only the read-out rows.  -> [groups, d] */
export function runBlocks(
  blocks: readonly Block[],
  rows: Tensor2D,
  { layout, first = 0, forward }: { layout: TokenLayout; first?: number; forward: BlockForward },
): Tensor2D {
  let current = rows
  for (let layer = first; layer < blocks.length; layer++) {
    const view = { layout, readOutOnly: layer === blocks.length - 1 }
    current = forward(blocks[layer]!, current, layer, view)
  }
  return current
}

/** Runs rows through the blocks below `last`, keeping every row.  [R, d] -> [R, d] */
export function runLowerBlocks(
  blocks: readonly Block[],
  rows: Tensor2D,
  { layout, last, forward }: { layout: TokenLayout; last: number; forward: BlockForward },
): Tensor2D {
  let current = rows
  for (let layer = 0; layer < last; layer++)
    current = forward(blocks[layer]!, current, layer, { layout, readOutOnly: false })
  return current
}

/** Plain CLIP's way through a block. */
export const plainBlock: BlockForward = (block, rows, _layer, view) => {
  const { residual, attended } = attendToTokens(block, rows, view)
  return finishBlock(block, residual, joinHeads(attendedValues(attended)))
}

/** Queries of the wanted rows and their attention over the tokens.  rows [R, d] */
export function attendToTokens(
  block: Block,
  rows: Tensor2D,
  { layout, readOutOnly }: TokenView,
): TokenAttention {
  const normed = normaliseRows(rows, block.epsilon)
  const residual = readOutOnly ? tf.gather(rows, layout.readOutRows) : rows
  const queryRows = readOutOnly ? tf.gather(normed, layout.readOutRows) : normed
  const query = splitHeads(linear(queryRows, block.query), block.heads)
  const [key, value] = keysAndValues(block, normed)
  const attended = readOutOnly
    ? attendInGroups({ query, key, value }, layout, layout.readOutMask)
    : attendAllRows({ query, key, value }, layout)
  return { residual, query, attended }
}

/**
 * Attention of the same queries over a prompt, Eqs. 4 and 5. The prompt passes the block's layer norm, has
 * no position and is never masked; its keys and values are computed once for all images or classes.
 * query [H, Q, d/H], prompt [c, d] -> [H, Q, d/H + 1]
 */
export function attendToPrompt(query: Tensor3D, { key, value }: PromptKeys): Attended {
  return attend(query, key, value, null)
}

/** Keys and values of a prompt, [H, c, d/H] each. */
export interface PromptKeys {
  readonly key: Tensor3D
  readonly value: Tensor3D
}

/** Keys and values of all prompts of a layer at once.  [c, d] -> two of [H, c, d/H] */
export function promptKeys(block: Block, prompt: Tensor2D): PromptKeys {
  const [key, value] = keysAndValues(block, normaliseRows(prompt, block.epsilon))
  return { key, value }
}

/** The share that a prompt takes from the tokens' attention: sigmoid of the difference of log-sums.  [H, Q, 1] */
export function promptShare(tokens: Attended, prompt: Attended): Tensor3D {
  return tf.sigmoid(tf.sub(attendedLogSum(prompt), attendedLogSum(tokens)))
}

/** Output projection, residual and feed-forward.  residual [Q, d], attended rows [Q, d] -> [Q, d] */
export function finishBlock(block: Block, residual: Tensor2D, attended: Tensor2D): Tensor2D {
  const between = tf.add<Tensor2D>(residual, linear(attended, block.output))
  return tf.add<Tensor2D>(between, feedForward(block, between))
}

/** W2·activation(W1·LN(u)).  [R, d] -> [R, d] */
export function feedForward(block: Block, rows: Tensor2D): Tensor2D {
  const hidden = linear(normaliseRows(rows, block.epsilon), block.expand)
  return linear(activate(hidden, block.activation), block.contract)
}

/** [H, R, d/H] -> [R, d] */
export function joinHeads(heads: Tensor3D): Tensor2D {
  const [count, rows, width] = heads.shape
  return tf.reshape(tf.transpose(heads, [1, 0, 2]), [rows, count * width])
}

/** [R, d] -> [H, R, d/H]: heads first, so that rows of one group stay together without another transpose */
function splitHeads(rows: Tensor2D, heads: number): Tensor3D {
  const [count, width] = rows.shape
  return tf.transpose(tf.reshape(rows, [count, heads, width / heads]), [1, 0, 2])
}

function keysAndValues(block: Block, normed: Tensor2D): [Tensor3D, Tensor3D] {
  const [rows, width] = normed.shape
  const packed = tf.reshape(linear(normed, block.keyValue), [rows, 2, block.heads, width / block.heads])
  const [key, value] = tf.unstack(tf.transpose(packed, [1, 2, 0, 3])) as Tensor3D[]
  return [key!, value!]
}

interface Heads {
  readonly query: Tensor3D
  readonly key: Tensor3D
  readonly value: Tensor3D
}

/** Every row attends: the shared prefix to itself once, each group to the prefix and its own rows. */
function attendAllRows({ query, key, value }: Heads, layout: TokenLayout): Attended {
  const { prefix } = layout
  if (prefix === 0) return attendInGroups({ query, key, value }, layout, layout.mask)
  const [heads, rows, width] = query.shape
  const head = (part: Tensor3D): Tensor3D => tf.slice(part, [0, 0, 0], [heads, prefix, width])
  const shared = attend(head(query), head(key), head(value), layout.prefixMask)
  const own = tf.slice(query, [0, prefix, 0], [heads, rows - prefix, width])
  return tf.concat([shared, attendInGroups({ query: own, key, value }, layout, layout.mask)], 1)
}

/**
 * Queries of each group over the prefix and the group's own keys.
 * query [H, groups·q, w]; key, value [H, prefix + groups·length, w] -> [H, groups·q, w + 1]
 */
function attendInGroups({ query, key, value }: Heads, layout: TokenLayout, mask: Tensor3D | null): Attended {
  const [heads, rows, width] = query.shape
  const perGroup = rows / layout.groups
  const grouped: Tensor3D = tf.reshape(query, [heads * layout.groups, perGroup, width])
  const attended = attend(grouped, groupKeys(key, layout), groupKeys(value, layout), mask)
  return tf.reshape(attended, [heads, rows, width + 1])
}

/** [H, prefix + groups·length, w] -> [H·groups, prefix + length, w]: each group gets its copy of the prefix */
function groupKeys(keys: Tensor3D, { groups, length, prefix }: TokenLayout): Tensor3D {
  const [heads, , width] = keys.shape
  if (prefix === 0) return tf.reshape(keys, [heads * groups, length, width])
  const own = tf.reshape(tf.slice(keys, [0, prefix, 0], [heads, groups * length, width]), [
    heads,
    groups,
    length,
    width,
  ])
  const shared = tf.expandDims(tf.slice(keys, [0, 0, 0], [heads, prefix, width]), 1)
  // A product with ones, not a tile: the gradient of a tile in tfjs is a loop of slices.
  const copies = tf.mul(shared, tf.ones([1, groups, 1, 1]))
  return tf.reshape(tf.concat([copies as tf.Tensor4D, own as tf.Tensor4D], 2), [
    heads * groups,
    prefix + length,
    width,
  ])
}
