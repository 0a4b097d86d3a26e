import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { ImagePreprocessing, type ClipArchitecture } from '#shared/schemas/model'
import { resource } from '#main/resources'
import type { Unshaped } from './architecture.ts'
import { parseConfig, readJsonFile } from './config-file.ts'
import {
  clipTokenizerJson,
  createTokenizer,
  vocabularyOfMerges,
  type TextLimits,
  type Tokenizer,
} from './tokenizer.ts'

/** What stands in the files beside the weights. `assumptions` are sentences about what was missing. */
export interface SideFile<Content> {
  readonly content: Content
  readonly assumptions: readonly string[]
}

const OPENAI_MEAN: [number, number, number] = [0.48145466, 0.4578275, 0.40821073]
const OPENAI_STD: [number, number, number] = [0.26862954, 0.26130258, 0.27577711]

const OpenClipConfig = z.object({
  model_cfg: z.object({
    quick_gelu: z.boolean().default(false),
    vision_cfg: z.object({
      head_width: z.number().int().positive().default(64),
      pool_type: z.literal('tok', 'only "tok" is supported').default('tok'),
      no_ln_pre: z.literal(false, 'only false is supported').default(false),
      norm_kwargs: z.object({ eps: z.number().positive().default(1e-5) }).default({ eps: 1e-5 }),
    }),
    text_cfg: z.object({
      heads: z.number().int().positive().default(8),
      pool_type: z.enum(['argmax', 'eos'], 'only "argmax" and "eos" are supported').default('argmax'),
      no_causal_mask: z.literal(false, 'only false is supported').default(false),
      tokenizer_kwargs: z
        .object({ clean: z.literal('lower', 'only "lower" is supported').default('lower') })
        .nullish(),
    }),
  }),
  preprocess_cfg: z
    .object({
      mean: z.tuple([z.number(), z.number(), z.number()]).default(OPENAI_MEAN),
      std: z.tuple([z.number(), z.number(), z.number()]).default(OPENAI_STD),
      interpolation: z.enum(['bicubic', 'bilinear']).default('bicubic'),
      resize_mode: z.literal('shortest', 'only "shortest" is supported').default('shortest'),
    })
    .prefault({}),
})
type OpenClipConfig = z.infer<typeof OpenClipConfig>

/** What open_clip's configuration says that the shapes of the tensors do not; undefined without the file. */
export function readOpenClipConfig(
  folder: string,
): { unshaped: Unshaped; preprocessing: OpenClipConfig['preprocess_cfg'] } | undefined {
  const path = join(folder, 'open_clip_config.json')
  const json = readJsonFile(path)
  if (json === undefined) return undefined
  const { model_cfg: model, preprocess_cfg: preprocessing } = parseConfig(path, OpenClipConfig, json)
  return {
    unshaped: {
      activation: model.quick_gelu ? 'quick_gelu' : 'gelu',
      layerNormEpsilon: model.vision_cfg.norm_kwargs.eps,
      textHeads: model.text_cfg.heads,
      imageHeadWidth: model.vision_cfg.head_width,
    },
    preprocessing,
  }
}

const pixels = () => z.number().int().positive()
/** Height and width together would squeeze the picture instead. */
const ShorterSide = z.union(
  [pixels(), z.object({ shortest_edge: pixels() }).transform((size) => size.shortest_edge)],
  'only a number, or shortest_edge alone, is supported',
)
const Square = z.union(
  [
    pixels(),
    z
      .object({ height: pixels(), width: pixels() })
      .refine(({ height, width }) => height === width)
      .transform(({ height }) => height),
  ],
  'only a square is supported',
)
const PreprocessorConfig = z.object({
  size: ShorterSide.optional(),
  crop_size: Square.optional(),
  resample: z
    .union([z.literal(2), z.literal(3)], 'only 2 (bilinear) and 3 (bicubic) are supported')
    .default(3),
  image_mean: ImagePreprocessing.shape.mean.default(OPENAI_MEAN),
  image_std: ImagePreprocessing.shape.std.default(OPENAI_STD),
  do_resize: z.literal(true, 'only true is supported').default(true),
  do_center_crop: z.literal(true, 'only true is supported').default(true),
  do_rescale: z.literal(true, 'only true is supported').default(true),
  do_normalize: z.literal(true, 'only true is supported').default(true),
})

/** Preprocessing from transformers' `preprocessor_config.json`, else CLIP's own. */
export function readPreprocessing(folder: string, { image }: ClipArchitecture): SideFile<ImagePreprocessing> {
  const path = join(folder, 'preprocessor_config.json')
  const json = readJsonFile(path)
  if (json === undefined)
    return {
      content: clipPreprocessing(image.imageSize),
      assumptions: [
        `There is no preprocessor_config.json: assumed CLIP's own preprocessing at ${image.imageSize} pixels.`,
      ],
    }
  const config = parseConfig(path, PreprocessorConfig, json)
  const { size = image.imageSize, crop_size: cropSize = image.imageSize } = config
  if (size < cropSize)
    throw new AppError(
      'bad-file',
      `${path} resizes images to ${size} pixels and then cuts ${cropSize} out of them.`,
    )
  if (cropSize !== image.imageSize)
    throw new AppError(
      'model-mismatch',
      `${path} cuts images to ${cropSize} pixels, the weights expect ${image.imageSize}.`,
      {
        hint: 'Put the preprocessor_config.json that came with the weights beside them.',
      },
    )
  return {
    content: {
      resizeTo: size,
      cropSize,
      interpolation: config.resample === 3 ? 'bicubic' : 'bilinear',
      mean: config.image_mean,
      std: config.image_std,
    },
    assumptions: [],
  }
}

/** Preprocessing of OpenAI CLIP, with what a configuration says otherwise. */
export function clipPreprocessing(
  imageSize: number,
  given: Partial<Pick<ImagePreprocessing, 'mean' | 'std' | 'interpolation'>> = {},
): ImagePreprocessing {
  const { mean = OPENAI_MEAN, std = OPENAI_STD, interpolation = 'bicubic' } = given
  return { resizeTo: imageSize, cropSize: imageSize, interpolation, mean, std }
}

/** OpenAI's vocabulary, which open_clip and nearly every other CLIP shares, has this many tokens. */
const OPENAI_VOCABULARY = 49408

/**
 * The tokenizer beside the weights: `tokenizer.json`, or `vocab.json` with `merges.txt`, or a list of merges as
 * OpenAI distributes it. Without any, the vocabulary that comes with the program, if it has the right size.
 */
export function readTokenizer(folder: string, limits: TextLimits): SideFile<Tokenizer> {
  const at = (name: string) => join(folder, name)
  const tokenizer = readJsonFile(at('tokenizer.json'))
  if (tokenizer !== undefined)
    return known(
      createTokenizer(
        { path: at('tokenizer.json'), tokenizer: asObject(at('tokenizer.json'), tokenizer) },
        limits,
      ),
    )
  const vocabulary = readJsonFile(at('vocab.json'))
  if (vocabulary !== undefined && existsSync(at('merges.txt'))) {
    const json = clipTokenizerJson(
      parseConfig(at('vocab.json'), z.record(z.string(), z.number().int()), vocabulary),
      readMerges(at('merges.txt')),
    )
    return known(createTokenizer({ path: at('vocab.json'), tokenizer: json }, limits))
  }
  const merges = ['bpe_simple_vocab_16e6.txt.gz', 'bpe_simple_vocab_16e6.txt', 'merges.txt.gz', 'merges.txt']
    .map(at)
    .find(existsSync)
  if (merges !== undefined) return known(tokenizerOfMerges(merges, limits))
  if (limits.vocabularySize !== OPENAI_VOCABULARY)
    throw new AppError(
      'not-found',
      `${folder} has no tokenizer for the ${limits.vocabularySize} tokens that the weights know.`,
      {
        hint: 'Put tokenizer.json, or vocab.json and merges.txt, beside the weights.',
      },
    )
  return {
    content: tokenizerOfMerges(resource('clip-vocabulary', 'merges.txt.gz'), limits),
    assumptions: [
      "There are no tokenizer files: assumed OpenAI CLIP's vocabulary, which has as many tokens as the weights.",
    ],
  }
}

function known<Content>(content: Content): SideFile<Content> {
  return { content, assumptions: [] }
}

/** OpenAI's list goes on behind what CLIP uses; the vocabulary's size says where to stop. */
function tokenizerOfMerges(path: string, limits: TextLimits): Tokenizer {
  const merges = readMerges(path).slice(0, limits.vocabularySize - 2 * 256 - 2)
  return createTokenizer({ path, tokenizer: clipTokenizerJson(vocabularyOfMerges(merges), merges) }, limits)
}

/** One merge a line; the first line, a comment, is skipped. */
function readMerges(path: string): string[] {
  const bytes = readFileSync(path)
  const text = path.endsWith('.gz') ? unzip(path, bytes) : bytes.toString('utf8')
  const lines = text
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
  const broken = lines.findIndex((line) => line.trim().split(' ').length !== 2)
  if (broken === -1) return lines
  throw new AppError('bad-file', `${path}, line ${broken + 2}: two symbols separated by a space expected.`)
}

function unzip(path: string, bytes: Buffer): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: 2 ** 26 }).toString('utf8')
  } catch (thrown) {
    throw new AppError('bad-file', `${path} cannot be unpacked: ${AppError.from(thrown).message}`, {
      hint: 'The file is damaged or incomplete. Download or copy it again.',
      cause: thrown,
    })
  }
}

function asObject(path: string, json: unknown): object {
  if (typeof json === 'object' && json !== null) return json
  throw new AppError('bad-file', `${path} is not a tokenizer: an object expected.`)
}
