import { AppError } from '#shared/errors'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D, Tensor3D } from '../tensor/tf.ts'
import { linear, normaliseRows, unitRows, type FrozenLinear } from '../tensor/ops.ts'
import { disposeAll, type TensorOwner } from '../tensor/memory.ts'
import { foldNorm, uploadBlock, uploadLinear } from './frozen-block.ts'
import {
  plainBlock,
  runBlocks,
  runLowerBlocks,
  type Block,
  type BlockForward,
  type TokenLayout,
} from './transformer.ts'
import type { ClipWeights } from './weights.ts'

/** Finite, so that no arithmetic makes NaN of it; far below any score, so that its weight is exactly 0. */
const MASKED = -1e9

/** The text branch with its weights on the device. */
export interface TextBranch extends TensorOwner {
  readonly width: number
  readonly depth: number
  readonly blocks: readonly Block[]
  readonly tokenEmbedding: Float32Array
  readonly positionalEmbedding: Float32Array
  readonly epsilon: number
  /** final layer norm and projection in one */
  readonly projection: FrozenLinear
}

/**
 * The class texts of a run on their way in: embedded tokens up to the last end-of-text, their common beginning
 * stored once. `rows` is [prefix + C·length, d] and enters block `layer`.
 */
export interface TextTokens extends TensorOwner {
  readonly rows: Tensor2D
  readonly layer: number
  readonly layout: TokenLayout
}

/** One text as the branch reads it: an embedding per token, and which of them is read out. */
export interface EmbeddedText {
  /** [tokens, d] without positions */
  readonly embedding: Float32Array
  readonly endOfText: number
  /** token ids where they are known; null for mixtures of templates, which share nothing but their start */
  readonly ids: readonly number[] | null
}

export function uploadTextBranch(weights: ClipWeights): TextBranch {
  const { architecture, text } = weights
  const shape = {
    heads: architecture.text.heads,
    activation: architecture.activation,
    epsilon: architecture.layerNormEpsilon,
  }
  const blocks = text.blocks.map((block) => uploadBlock(block, shape))
  const { width } = architecture.text
  const projection = uploadLinear(
    foldNorm(text.finalNorm, {
      weight: text.projection,
      bias: null,
      inputs: width,
      outputs: architecture.embeddingSize,
    }),
  )
  return {
    width,
    depth: blocks.length,
    blocks,
    tokenEmbedding: text.tokenEmbedding,
    positionalEmbedding: text.positionalEmbedding,
    epsilon: architecture.layerNormEpsilon,
    projection,
    dispose() {
      for (const block of blocks) block.dispose()
      tf.dispose([projection.weight, ...(projection.bias === null ? [] : [projection.bias])])
    },
  }
}

/** Looks up the token embeddings of a text ending in its end-of-text token. */
export function embedText({ tokenEmbedding, width }: TextBranch, ids: readonly number[]): EmbeddedText {
  const embedding = new Float32Array(ids.length * width)
  ids.forEach((id, position) =>
    embedding.set(tokenEmbedding.subarray(id * width, (id + 1) * width), position * width),
  )
  return { embedding, endOfText: ids.length - 1, ids }
}

/**
 * Lays class texts out for the branch. Positions behind a text's end are padding that nothing reads, so all
 * 77 positions are never needed; leading tokens shared by every class are computed once. Both are exact under the
 * causal mask. `sharePrefix: false` keeps only what the tests compare against. The caller owns the result.
 */
export function layOutTexts(
  branch: TextBranch,
  texts: readonly EmbeddedText[],
  { sharePrefix = true }: { sharePrefix?: boolean } = {},
): TextTokens {
  const prefix = sharePrefix ? commonPrefix(texts) : 0
  const length = Math.max(...texts.map(({ endOfText }) => endOfText)) + 1 - prefix
  const positions = branch.positionalEmbedding.length / branch.width
  if (prefix + length > positions)
    throw new AppError(
      'invalid-input',
      `A class text has ${prefix + length} tokens; this CLIP reads ${positions}.`,
      {
        hint: 'Shorten the template or the class names.',
      },
    )
  const rows = tf.tensor2d(packRows(branch, texts, { prefix, length }), [
    prefix + texts.length * length,
    branch.width,
  ])
  const ends = texts.map(({ endOfText }) => endOfText - prefix)
  return textTokens(rows, textLayout({ groups: texts.length, length, prefix, ends }))
}

/** Runs the blocks that no prompt touches, once for the whole stage. The caller owns the result. */
export function advanceText(branch: TextBranch, tokens: TextTokens, layer: number): TextTokens {
  const last = Math.min(layer, branch.depth - 1)
  const rows = tf.tidy(() =>
    tf.clone(
      runLowerBlocks(branch.blocks, tokens.rows, { layout: tokens.layout, last, forward: plainBlock }),
    ),
  )
  return { ...tokens, rows, layer: last, dispose: () => rows.dispose() }
}

/** Class texts to unit text features.  -> [C, e] */
export function encodeText(branch: TextBranch, tokens: TextTokens, forward: BlockForward): Tensor2D {
  return tf.tidy(() => {
    const read = runBlocks(branch.blocks, tokens.rows, {
      layout: tokens.layout,
      first: tokens.layer,
      forward,
    })
    return unitRows(linear(normaliseRows(read, branch.epsilon), branch.projection))
  })
}

function textTokens(rows: Tensor2D, layout: TokenLayout): TextTokens {
  const { prefixMask, mask, readOutRows, readOutMask } = layout
  return {
    rows,
    layer: 0,
    layout,
    dispose() {
      rows.dispose()
      readOutRows.dispose()
      disposeAll(Object.fromEntries(Object.entries({ prefixMask, mask, readOutMask }).filter(isPresent)))
    },
  }
}

function isPresent(entry: [string, Tensor3D | null]): entry is [string, Tensor3D] {
  return entry[1] !== null
}

/** How many leading tokens all texts share, never reaching any text's end. */
function commonPrefix(texts: readonly EmbeddedText[]): number {
  const [first] = texts
  const limit = Math.min(...texts.map(({ endOfText }) => endOfText))
  // Mixtures of templates have only their start-of-text in common.
  if (first?.ids == null) return Math.min(1, limit)
  const { ids } = first
  let shared = 0
  while (shared < limit && texts.every((text) => text.ids?.[shared] === ids[shared])) shared++
  return shared
}

/** Token plus position: the prefix once, then `length` rows of each text, zeros behind its end. */
function packRows(
  { positionalEmbedding, width }: TextBranch,
  texts: readonly EmbeddedText[],
  { prefix, length }: { prefix: number; length: number },
): Float32Array {
  const rows = new Float32Array((prefix + texts.length * length) * width)
  const put = (text: EmbeddedText, position: number, row: number) => {
    for (let i = 0; i < width; i++)
      rows[row * width + i] =
        text.embedding[position * width + i]! + positionalEmbedding[position * width + i]!
  }
  for (let position = 0; position < prefix; position++) put(texts[0]!, position, position)
  texts.forEach((text, group) => {
    const available = text.embedding.length / width
    for (let i = 0; i < Math.min(length, available - prefix); i++)
      put(text, prefix + i, prefix + group * length + i)
  })
  return rows
}

function textLayout(shape: {
  groups: number
  length: number
  prefix: number
  ends: readonly number[]
}): TokenLayout {
  const { groups, length, prefix, ends } = shape
  const visible = (query: number, key: number) => (key <= query ? 0 : MASKED)
  const readOutRows = ends.map((end, group) => prefix + group * length + end)
  return {
    groups,
    length,
    prefix,
    prefixMask: prefix === 0 ? null : maskOf([1, prefix, prefix], (_, query, key) => visible(query, key)),
    mask: maskOf([1, length, prefix + length], (_, query, key) => visible(prefix + query, key)),
    readOutRows: tf.tensor1d(readOutRows, 'int32'),
    readOutMask: maskOf([groups, 1, prefix + length], (group, _, key) => visible(prefix + ends[group]!, key)),
  }
}

function maskOf(
  shape: [number, number, number],
  value: (group: number, query: number, key: number) => number,
): Tensor3D {
  const [groups, queries, keys] = shape
  const values = new Float32Array(groups * queries * keys)
  for (let group = 0, at = 0; group < groups; group++)
    for (let query = 0; query < queries; query++)
      for (let key = 0; key < keys; key++, at++) values[at] = value(group, query, key)
  return tf.tensor3d(values, shape)
}
