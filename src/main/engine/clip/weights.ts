import type { ClipArchitecture } from '#shared/schemas/model'
import type { TensorFile } from '../tensor/safetensors.ts'
import { patchEmbeddingRows, transposeInto } from './matrix-order.ts'
import { checkTensors, type BranchNames, type TensorNaming } from './tensor-naming.ts'

/** A linear layer in the order that y = x·W wants. */
export interface LinearWeights {
  /** [inputs, outputs]: transposed from the checkpoint */
  readonly weight: Float32Array
  /** [outputs] */
  readonly bias: Float32Array | null
  readonly inputs: number
  readonly outputs: number
}

/** [d] each. */
export interface LayerNormWeights {
  readonly scale: Float32Array
  readonly shift: Float32Array
}

/** One transformer block of width d. */
export interface BlockWeights {
  readonly norm1: LayerNormWeights
  /** [d, 3d]: columns of the queries, then the keys, then the values, each ordered by head */
  readonly queryKeyValue: LinearWeights
  readonly output: LinearWeights
  readonly norm2: LayerNormWeights
  readonly expand: LinearWeights
  readonly contract: LinearWeights
}

/** All numbers of a CLIP in single precision, whoever wrote the file. */
export interface ClipWeights {
  readonly architecture: ClipArchitecture
  readonly text: {
    /** [vocabularySize, d] */
    readonly tokenEmbedding: Float32Array
    /** [textPositions, d] */
    readonly positionalEmbedding: Float32Array
    readonly blocks: readonly BlockWeights[]
    readonly finalNorm: LayerNormWeights
    /** [d, e] */
    readonly projection: Float32Array
  }
  readonly image: {
    /** [P·P·3, d]: rows ordered (dy, dx, channel), so that it multiplies a patch cut from height x width x channel pixels */
    readonly patchEmbedding: Float32Array
    /** [d] */
    readonly classEmbedding: Float32Array
    /** [1 + patches, d] */
    readonly positionalEmbedding: Float32Array
    readonly preNorm: LayerNormWeights
    readonly blocks: readonly BlockWeights[]
    readonly postNorm: LayerNormWeights
    /** [d, e] */
    readonly projection: Float32Array
  }
  /** 1/temperature, what similarities are multiplied with; the file stores its logarithm */
  readonly logitScale: number
  /** SHA-256 of the weight file, or of the digests of several */
  readonly digest: string
}

/** How many of the tensors are read. */
export type LoadProgress = (progress: { done: number; total: number }) => void

interface Reading {
  readonly file: TensorFile
  readonly read: (name: string) => Promise<Float32Array>
}

/** Reads every tensor of a CLIP, after all names and shapes were checked. The file stays open. */
export async function readClipWeights(
  file: TensorFile,
  naming: TensorNaming,
  {
    architecture,
    digest,
    onProgress,
  }: { architecture: ClipArchitecture; digest: string; onProgress?: LoadProgress },
): Promise<ClipWeights> {
  const total = checkTensors(file, naming, architecture)
  let done = 0
  const read = async (name: string) => {
    const numbers = await file.read(name)
    onProgress?.({ done: ++done, total })
    return numbers
  }
  const reading = { file, read }
  const [logScale] = await read(naming.logScale)
  return {
    architecture,
    digest,
    logitScale: Math.exp(logScale!),
    text: await readText(reading, naming, architecture),
    image: await readImage(reading, naming, architecture),
  }
}

async function readText(
  reading: Reading,
  { text, projectionOrder }: TensorNaming,
  { text: { width, depth }, embeddingSize }: ClipArchitecture,
): Promise<ClipWeights['text']> {
  return {
    tokenEmbedding: await reading.read(text.tokenEmbedding),
    positionalEmbedding: await reading.read(text.positionalEmbedding),
    blocks: await readBlocks(reading, text, { width, depth }),
    finalNorm: await readNorm(reading, text.lastNorm),
    projection: await readProjection(reading, text.projection, { width, embeddingSize, projectionOrder }),
  }
}

async function readImage(
  reading: Reading,
  { image, projectionOrder }: TensorNaming,
  { image: { width, depth, patchSize }, embeddingSize }: ClipArchitecture,
): Promise<ClipWeights['image']> {
  return {
    patchEmbedding: patchEmbeddingRows(await reading.read(image.patchEmbedding), { width, patchSize }),
    classEmbedding: await reading.read(image.classEmbedding),
    positionalEmbedding: await reading.read(image.positionalEmbedding),
    preNorm: await readNorm(reading, image.firstNorm),
    blocks: await readBlocks(reading, image, { width, depth }),
    postNorm: await readNorm(reading, image.lastNorm),
    projection: await readProjection(reading, image.projection, { width, embeddingSize, projectionOrder }),
  }
}

async function readBlocks(
  reading: Reading,
  { block }: BranchNames,
  { width, depth }: { width: number; depth: number },
): Promise<BlockWeights[]> {
  const blocks = []
  for (let layer = 0; layer < depth; layer++) {
    const names = block(layer)
    blocks.push({
      norm1: await readNorm(reading, names.norm1),
      queryKeyValue: await readLinear(reading, names.queryKeyValue, width),
      output: await readLinear(reading, [names.output], width),
      norm2: await readNorm(reading, names.norm2),
      expand: await readLinear(reading, [names.expand], width),
      contract: await readLinear(
        reading,
        [names.contract],
        reading.file.tensors.get(names.contract.weight)!.shape[1]!,
      ),
    })
  }
  return blocks
}

/** One layer out of parts that are stacked along the outputs: queries, keys and values may be stored apart. */
async function readLinear(
  { read }: Reading,
  parts: readonly { weight: string; bias: string }[],
  inputs: number,
): Promise<LinearWeights> {
  const stored = []
  for (const part of parts) stored.push({ weight: await read(part.weight), bias: await read(part.bias) })
  const outputs = stored.reduce((sum, { bias }) => sum + bias.length, 0)
  const weight = new Float32Array(inputs * outputs)
  const bias = new Float32Array(outputs)
  let column = 0
  for (const part of stored) {
    transposeInto(weight, part.weight, {
      rows: part.bias.length,
      columns: inputs,
      targetColumns: outputs,
      column,
    })
    bias.set(part.bias, column)
    column += part.bias.length
  }
  return { weight, bias, inputs, outputs }
}

async function readNorm({ read }: Reading, name: string): Promise<LayerNormWeights> {
  return { scale: await read(`${name}.weight`), shift: await read(`${name}.bias`) }
}

async function readProjection(
  { read }: Reading,
  name: string,
  {
    width,
    embeddingSize,
    projectionOrder,
  }: { width: number; embeddingSize: number } & Pick<TensorNaming, 'projectionOrder'>,
): Promise<Float32Array> {
  const stored = await read(name)
  if (projectionOrder === 'inputs-outputs') return stored
  const weight = new Float32Array(stored.length)
  transposeInto(weight, stored, {
    rows: embeddingSize,
    columns: width,
    targetColumns: embeddingSize,
    column: 0,
  })
  return weight
}
