import { z } from 'zod'
import { AppError } from '#shared/errors'
import { ClipArchitecture } from '#shared/schemas/model'
import type { TensorFile } from '../tensor/safetensors.ts'
import { parseConfig } from './config-file.ts'
import { countLayers, openAiNaming, shapeOf } from './tensor-naming.ts'

const count = () => z.number().int().positive()

/** transformers leaves out of `config.json` what equals its defaults, which are those of ViT-B/32. */
const Branch = z.object({
  num_attention_heads: count().optional(),
  hidden_act: z.string().default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
})
const TextBranch = Branch.extend({
  hidden_size: count().default(512),
  num_hidden_layers: count().default(12),
  num_attention_heads: count().default(8),
  max_position_embeddings: count().default(77),
  vocab_size: count().default(49408),
  eos_token_id: z.number().int().default(49407),
})
const ImageBranch = Branch.extend({
  hidden_size: count().default(768),
  num_hidden_layers: count().default(12),
  num_attention_heads: count().default(12),
  image_size: count().default(224),
  patch_size: count().default(32),
  num_channels: z.literal(3, 'must be 3: only colour images are supported').default(3),
})
const Partial = z.record(z.string(), z.unknown()).nullish()
const HuggingFaceConfig = z.object({
  model_type: z.string().optional(),
  projection_dim: count().default(512),
  text_config: Partial,
  vision_config: Partial,
  // Older files have these too, and transformers lets them win.
  text_config_dict: Partial,
  vision_config_dict: Partial,
})

/** What `config.json` of transformers says: the shape, and the token whose position is read out. */
export interface HuggingFaceDescription {
  readonly architecture: ClipArchitecture
  /** null: the position of the largest id, as in files written before transformers 4.31 */
  readonly endOfTextId: number | null
}

/** Files older than transformers 4.31 say 2 and mean the largest id. */
const LEGACY_END_OF_TEXT = 2

/** Reads `config.json` of Hugging Face transformers. `path` is only for messages. */
export function describeHuggingFace(path: string, json: unknown): HuggingFaceDescription {
  const config = parseConfig(path, HuggingFaceConfig, json)
  if (config.model_type !== undefined && config.model_type !== 'clip')
    throw new AppError(
      'bad-file',
      `${path} describes a model of type ${JSON.stringify(config.model_type)}, "clip" expected.`,
      {
        hint: 'Choose the folder of a CLIP model with both branches.',
      },
    )
  const text = parseConfig(path, TextBranch, { ...config.text_config, ...config.text_config_dict })
  const image = parseConfig(path, ImageBranch, { ...config.vision_config, ...config.vision_config_dict })
  if (text.hidden_act !== image.hidden_act || text.layer_norm_eps !== image.layer_norm_eps)
    throw new AppError('bad-file', `${path} gives the two branches different hidden_act or layer_norm_eps.`)
  const architecture = checkArchitecture(path, {
    image: {
      width: image.hidden_size,
      depth: image.num_hidden_layers,
      heads: image.num_attention_heads,
      patchSize: image.patch_size,
      imageSize: image.image_size,
    },
    text: {
      width: text.hidden_size,
      depth: text.num_hidden_layers,
      heads: text.num_attention_heads,
      textPositions: text.max_position_embeddings,
      vocabularySize: text.vocab_size,
    },
    embeddingSize: config.projection_dim,
    activation: activation(path, text.hidden_act),
    layerNormEpsilon: text.layer_norm_eps,
  })
  return { architecture, endOfTextId: text.eos_token_id === LEGACY_END_OF_TEXT ? null : text.eos_token_id }
}

/** What the shapes of the tensors cannot tell. */
export interface Unshaped {
  readonly activation: ClipArchitecture['activation']
  readonly layerNormEpsilon: number
  /** null: 64 numbers per head */
  readonly textHeads: number | null
  readonly imageHeadWidth: number
}

/** The architecture of a file with OpenAI's names, from the shapes of its tensors. */
export function inferArchitecture(file: TensorFile, unshaped: Unshaped): ClipArchitecture {
  const { text, image } = openAiNaming
  const [imageWidth, channels, patchSize] = shapeOf(file, image.patchEmbedding, 4) as [number, number, number]
  const [imageTokens] = shapeOf(file, image.positionalEmbedding, 2) as [number]
  const [vocabularySize, textWidth] = shapeOf(file, text.tokenEmbedding, 2) as [number, number]
  const [textPositions] = shapeOf(file, text.positionalEmbedding, 2) as [number]
  const [, embeddingSize] = shapeOf(file, text.projection, 2) as [number, number]
  if (channels !== 3)
    throw new AppError('bad-file', `${file.path} takes images of ${channels} channels, 3 expected.`)
  return checkArchitecture(file.path, {
    image: {
      width: imageWidth,
      depth: countLayers(file, image),
      heads: imageWidth / unshaped.imageHeadWidth,
      patchSize,
      imageSize: Math.sqrt(imageTokens - 1) * patchSize,
    },
    text: {
      width: textWidth,
      depth: countLayers(file, text),
      heads: unshaped.textHeads ?? textWidth / 64,
      textPositions,
      vocabularySize,
    },
    embeddingSize,
    activation: unshaped.activation,
    layerNormEpsilon: unshaped.layerNormEpsilon,
  })
}

/** Whole numbers everywhere, heads and patches that divide what they must divide. */
function checkArchitecture(path: string, candidate: ClipArchitecture): ClipArchitecture {
  const { image, text } = parseConfig(path, ClipArchitecture, candidate)
  for (const [branch, { width, heads }] of Object.entries({ image, text }))
    if (width % heads !== 0)
      throw new AppError(
        'bad-file',
        `${path}: ${heads} heads do not divide the ${branch} branch's width of ${width}.`,
      )
  if (image.imageSize % image.patchSize !== 0)
    throw new AppError(
      'bad-file',
      `${path}: patches of ${image.patchSize} pixels do not divide the image size of ${image.imageSize}.`,
    )
  return candidate
}

function activation(path: string, name: string): ClipArchitecture['activation'] {
  if (name === 'quick_gelu' || name === 'gelu') return name
  throw new AppError(
    'bad-file',
    `${path} asks for the activation ${JSON.stringify(name)}; quick_gelu or gelu expected.`,
  )
}
