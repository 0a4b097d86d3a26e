import type { ClipArchitecture } from '#shared/schemas/model'
import type { BlockWeights, ClipWeights, LayerNormWeights, LinearWeights } from '#main/engine/clip/weights'
import { createRandom, normalArray, type Random } from '#main/engine/tensor/random'

/** A CLIP of 2 + 2 layers and 24 numbers a token, so that tests take milliseconds and a naive reference is quick. */
export const tinyArchitecture: ClipArchitecture = {
  image: { width: 24, depth: 2, heads: 3, patchSize: 4, imageSize: 8 },
  text: { width: 16, depth: 3, heads: 2, textPositions: 12, vocabularySize: 30 },
  embeddingSize: 10,
  activation: 'quick_gelu',
  layerNormEpsilon: 1e-5,
}

/** Weights drawn at random, large enough that every part matters to the result. */
export function randomClipWeights(architecture: ClipArchitecture = tinyArchitecture, seed = 7): ClipWeights {
  const random = createRandom(seed, 'random-clip')
  const { image, text, embeddingSize } = architecture
  const tokens = (image.imageSize / image.patchSize) ** 2 + 1
  const normal = (length: number, std: number) => normalArray(random, length, std)
  return {
    architecture,
    digest: 'random',
    logitScale: 8,
    text: {
      tokenEmbedding: normal(text.vocabularySize * text.width, 0.5),
      positionalEmbedding: normal(text.textPositions * text.width, 0.3),
      blocks: Array.from({ length: text.depth }, () => randomBlock(random, text.width)),
      finalNorm: randomNorm(random, text.width),
      projection: normal(text.width * embeddingSize, text.width ** -0.5),
    },
    image: {
      patchEmbedding: normal(3 * image.patchSize ** 2 * image.width, 0.2),
      classEmbedding: normal(image.width, 0.5),
      positionalEmbedding: normal(tokens * image.width, 0.3),
      preNorm: randomNorm(random, image.width),
      blocks: Array.from({ length: image.depth }, () => randomBlock(random, image.width)),
      postNorm: randomNorm(random, image.width),
      projection: normal(image.width * embeddingSize, image.width ** -0.5),
    },
  }
}

function randomBlock(random: Random, width: number): BlockWeights {
  return {
    norm1: randomNorm(random, width),
    queryKeyValue: randomLinear(random, width, 3 * width),
    output: randomLinear(random, width, width),
    norm2: randomNorm(random, width),
    expand: randomLinear(random, width, 4 * width),
    contract: randomLinear(random, 4 * width, width),
  }
}

function randomLinear(random: Random, inputs: number, outputs: number): LinearWeights {
  const weight = normalArray(random, inputs * outputs, inputs ** -0.5)
  return { weight, bias: normalArray(random, outputs, 0.1), inputs, outputs }
}

function randomNorm(random: Random, width: number): LayerNormWeights {
  return {
    scale: normalArray(random, width, 0.2).map((value) => 1 + value),
    shift: normalArray(random, width, 0.2),
  }
}
