import * as tf from '../tensor/tf.ts'
import type { Tensor1D, Tensor2D, Tensor4D } from '../tensor/tf.ts'
import { linear, normaliseRows, unitRows, type FrozenLinear } from '../tensor/ops.ts'
import type { TensorOwner } from '../tensor/memory.ts'
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

/** The image branch with its weights on the device. */
export interface ImageBranch extends TensorOwner {
  readonly width: number
  readonly depth: number
  readonly blocks: readonly Block[]
  readonly patchSize: number
  readonly imageSize: number
  readonly epsilon: number
  readonly patchEmbedding: Tensor2D // [3·P·P, d]
  readonly classEmbedding: Tensor2D // [1, d]
  readonly positionalEmbedding: Tensor2D // [n, d]
  readonly preNorm: { readonly scale: Tensor1D; readonly shift: Tensor1D }
  /** last layer norm and projection in one */
  readonly projection: FrozenLinear
}

/** Images as tokens: `rows` is [B·n, d], class token first, and enters block `layer`. */
export interface ImageTokens {
  readonly rows: Tensor2D
  readonly layer: number
  readonly layout: TokenLayout
}

export function uploadImageBranch(weights: ClipWeights): ImageBranch {
  const { architecture, image } = weights
  const { width, heads, patchSize, imageSize } = architecture.image
  const shape = { heads, activation: architecture.activation, epsilon: architecture.layerNormEpsilon }
  const blocks = image.blocks.map((block) => uploadBlock(block, shape))
  const projection = uploadLinear(
    foldNorm(image.postNorm, {
      weight: image.projection,
      bias: null,
      inputs: width,
      outputs: architecture.embeddingSize,
    }),
  )
  const tensors = {
    patchEmbedding: tf.tensor2d(image.patchEmbedding, [3 * patchSize * patchSize, width]),
    classEmbedding: tf.tensor2d(image.classEmbedding, [1, width]),
    positionalEmbedding: tf.tensor2d(image.positionalEmbedding, [
      image.positionalEmbedding.length / width,
      width,
    ]),
    preNorm: { scale: tf.tensor1d(image.preNorm.scale), shift: tf.tensor1d(image.preNorm.shift) },
  }
  return {
    width,
    depth: blocks.length,
    blocks,
    patchSize,
    imageSize,
    epsilon: architecture.layerNormEpsilon,
    ...tensors,
    projection,
    dispose() {
      for (const block of blocks) block.dispose()
      tf.dispose([projection.weight, ...(projection.bias === null ? [] : [projection.bias]), { ...tensors }])
    },
  }
}

/** Normalised pixels to the rows that enter block 0.  [B, S, S, 3] -> [B·n, d] */
export function embedImages(branch: ImageBranch, pixels: Tensor4D): ImageTokens {
  const { patchSize, width } = branch
  const [images, side] = pixels.shape
  const grid = side / patchSize
  const tokens = grid * grid + 1
  const rows = tf.tidy(() => {
    const split = tf.reshape(pixels, [images, grid, patchSize, grid, patchSize * 3])
    const patches = tf.reshape(tf.transpose(split, [0, 1, 3, 2, 4]), [
      images * grid * grid,
      patchSize * patchSize * 3,
    ])
    const embedded = tf.reshape(tf.matMul(patches, branch.patchEmbedding), [images, grid * grid, width])
    const start = tf.mul(tf.ones([images, 1, 1]), branch.classEmbedding)
    const placed = tf.add(tf.concat([start, embedded], 1), branch.positionalEmbedding)
    const { scale, shift } = branch.preNorm
    const normed = normaliseRows(tf.reshape(placed, [images * tokens, width]), branch.epsilon)
    return tf.add<Tensor2D>(tf.mul(normed, scale), shift)
  })
  return { rows, layer: 0, layout: imageLayout(images, tokens) }
}

/** Runs the blocks below `layer` as plain CLIP, for a student and a teacher to start from. */
export function advanceImages(branch: ImageBranch, images: ImageTokens, layer: number): ImageTokens {
  const last = Math.min(layer, branch.depth - 1)
  const rows = runLowerBlocks(branch.blocks, images.rows, {
    layout: images.layout,
    last,
    forward: plainBlock,
  })
  return { ...images, rows, layer: last }
}

/** Tokens to unit image features.  -> [B, e] */
export function encodeImages(branch: ImageBranch, images: ImageTokens, forward: BlockForward): Tensor2D {
  return tf.tidy(() => {
    const read = runBlocks(branch.blocks, images.rows, {
      layout: images.layout,
      first: images.layer,
      forward,
    })
    return unitRows(linear(normaliseRows(read, branch.epsilon), branch.projection))
  })
}

function imageLayout(images: number, tokens: number): TokenLayout {
  return {
    groups: images,
    length: tokens,
    prefix: 0,
    prefixMask: null,
    mask: null,
    readOutRows: tf.range(0, images * tokens, tokens, 'int32'),
    readOutMask: null,
  }
}
