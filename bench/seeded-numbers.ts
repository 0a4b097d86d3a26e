import type { ClipArchitecture } from '#shared/schemas/model'
import type { BlockWeights, ClipWeights, LayerNormWeights, LinearWeights } from '#main/engine/clip/weights'

/**
 * Numbers that both programs make for themselves out of a name, so that no weights travel between them:
 * uniform with mean 0 and standard deviation `std`, a hash of name and position. pytorch/numbers.py is its twin.
 */
export function seededNumbers(name: string, length: number, std: number): Float32Array {
  const start = hashName(name)
  const range = std * Math.sqrt(12)
  const numbers = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    let hash = (Math.imul(i, 0x9e3779b1) + start) | 0
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    numbers[i] = (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 - 0.5) * range
  }
  return numbers
}

/** FNV-1a of an ASCII name. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash
}

/** What is left of a tensor for comparison: its length and its extent along one random direction. */
export interface Fingerprint {
  readonly norm: number
  readonly projection: number
}

/** The fingerprint of a tensor's numbers, row by row. */
export function fingerprint(name: string, numbers: ArrayLike<number>): Fingerprint {
  const direction = seededNumbers(`direction.${name}`, numbers.length, 1)
  let squares = 0
  let projection = 0
  for (let i = 0; i < numbers.length; i++) {
    squares += numbers[i]! ** 2
    projection += numbers[i]! * direction[i]!
  }
  return { norm: Math.sqrt(squares), projection }
}

/** A CLIP of seeded weights, large enough that every part matters to the result. */
export function seededClip(architecture: ClipArchitecture, logitScale: number): ClipWeights {
  const { image, text, embeddingSize } = architecture
  const tokens = (image.imageSize / image.patchSize) ** 2 + 1
  const patchNumbers = 3 * image.patchSize ** 2
  return {
    architecture,
    digest: 'seeded',
    logitScale,
    text: {
      tokenEmbedding: seededNumbers('text.tokens', text.vocabularySize * text.width, 0.5),
      positionalEmbedding: seededNumbers('text.positions', text.textPositions * text.width, 0.3),
      blocks: seededBlocks('text', text),
      finalNorm: seededNorm('text.norm', text.width),
      projection: seededMatrix('text.projection', text.width, embeddingSize),
    },
    image: {
      patchEmbedding: seededMatrix('image.patches', patchNumbers, image.width),
      classEmbedding: seededNumbers('image.class', image.width, 0.5),
      positionalEmbedding: seededNumbers('image.positions', tokens * image.width, 0.3),
      preNorm: seededNorm('image.preNorm', image.width),
      blocks: seededBlocks('image', image),
      postNorm: seededNorm('image.norm', image.width),
      projection: seededMatrix('image.projection', image.width, embeddingSize),
    },
  }
}

function seededBlocks(branch: string, { width, depth }: { width: number; depth: number }): BlockWeights[] {
  return Array.from({ length: depth }, (_, layer) => {
    const name = `${branch}.${layer}`
    return {
      norm1: seededNorm(`${name}.norm1`, width),
      queryKeyValue: seededLinear(`${name}.queryKeyValue`, width, 3 * width),
      output: seededLinear(`${name}.output`, width, width),
      norm2: seededNorm(`${name}.norm2`, width),
      expand: seededLinear(`${name}.expand`, width, 4 * width),
      contract: seededLinear(`${name}.contract`, 4 * width, width),
    }
  })
}

function seededLinear(name: string, inputs: number, outputs: number): LinearWeights {
  const weight = seededMatrix(name, inputs, outputs)
  return { weight, bias: seededNumbers(`${name}.bias`, outputs, 0.1), inputs, outputs }
}

/** [inputs, outputs], keeping the size of what passes through. */
function seededMatrix(name: string, inputs: number, outputs: number): Float32Array {
  return seededNumbers(name, inputs * outputs, 1 / Math.sqrt(inputs))
}

function seededNorm(name: string, width: number): LayerNormWeights {
  return {
    scale: seededNumbers(`${name}.scale`, width, 0.2).map((value) => 1 + value),
    shift: seededNumbers(`${name}.shift`, width, 0.2),
  }
}
