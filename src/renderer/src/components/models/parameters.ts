import type { ClipArchitecture } from '#shared/schemas/model'

/** Number of weights of a CLIP of this shape, from the shapes of its layers. */
export function parameterCount({ image, text, embeddingSize }: ClipArchitecture): number {
  const patches = (image.imageSize / image.patchSize) ** 2
  const imageBranch =
    3 * image.patchSize ** 2 * image.width + // patches to tokens, without a bias
    image.width + // class token
    (patches + 1) * image.width + // positions
    2 * normalisation(image.width) + // before and after the layers
    image.depth * layer(image.width) +
    image.width * embeddingSize
  const textBranch =
    text.vocabularySize * text.width +
    text.textPositions * text.width +
    normalisation(text.width) +
    text.depth * layer(text.width) +
    text.width * embeddingSize
  return imageBranch + textBranch + 1 // and the temperature
}

/** Attention with its four projections, a feed-forward layer four times as wide, and two normalisations. */
function layer(width: number): number {
  const attention = 4 * width * width + 4 * width
  const feedForward = 8 * width * width + 5 * width
  return attention + feedForward + 2 * normalisation(width)
}

function normalisation(width: number): number {
  return 2 * width
}
