import { z } from 'zod'

const count = () => z.number().int().positive()

/** The shape of a CLIP with a transformer for images: everything its weights must agree with. */
export const ClipArchitecture = z.strictObject({
  image: z.strictObject({
    width: count(),
    depth: count(),
    heads: count(),
    patchSize: count(),
    imageSize: count().describe('side of the square image, a multiple of the patch size'),
  }),
  text: z.strictObject({
    width: count(),
    depth: count(),
    heads: count(),
    textPositions: count().describe('tokens of the longest text, start and end included'),
    vocabularySize: count(),
  }),
  embeddingSize: count(),
  activation: z.enum(['quick_gelu', 'gelu']).describe('of the feed-forward layers'),
  layerNormEpsilon: z.number().positive(),
})
export type ClipArchitecture = z.infer<typeof ClipArchitecture>

const Colour = z.tuple([z.number(), z.number(), z.number()])

/** How an image becomes the pixels a CLIP was trained on. */
export const ImagePreprocessing = z.strictObject({
  resizeTo: count().describe('pixels of the shorter side after resizing'),
  cropSize: count().describe('side of the square cut out of the middle'),
  interpolation: z.enum(['bicubic', 'bilinear']),
  mean: Colour.describe('subtracted from channels scaled to 0..1'),
  std: Colour.describe('channels are divided by'),
})
export type ImagePreprocessing = z.infer<typeof ImagePreprocessing>

/** Who wrote a weight file: Hugging Face transformers, open_clip or OpenAI. */
export const ClipSource = z.enum(['huggingface', 'open_clip', 'openai'])
export type ClipSource = z.infer<typeof ClipSource>
