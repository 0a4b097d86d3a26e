import { AppError } from '#shared/errors'
import type { ClipArchitecture } from '#shared/schemas/model'
import { countNumbers, type TensorFile } from '../tensor/safetensors.ts'

interface LinearNames {
  readonly weight: string
  readonly bias: string
}

interface BlockNames {
  readonly norm1: string
  /** one tensor of all three, or three in this order */
  readonly queryKeyValue: readonly LinearNames[]
  readonly output: LinearNames
  readonly norm2: string
  readonly expand: LinearNames
  readonly contract: LinearNames
}

/** The names of one branch. Norms are named without `.weight` and `.bias`. */
export interface BranchNames {
  readonly positionalEmbedding: string
  readonly block: (layer: number) => BlockNames
  /** what the names of all blocks begin with */
  readonly blocks: string
  readonly lastNorm: string
  readonly projection: string
}

/** What the tensors of a CLIP are called in a family of files. */
export interface TensorNaming {
  readonly logScale: string
  /** the order in which the two projections are stored */
  readonly projectionOrder: 'inputs-outputs' | 'outputs-inputs'
  readonly text: BranchNames & { readonly tokenEmbedding: string }
  readonly image: BranchNames & {
    readonly patchEmbedding: string
    readonly classEmbedding: string
    readonly firstNorm: string
  }
  /** constants that some versions store among the weights */
  readonly ignored: RegExp
}

/** The names of Hugging Face transformers; `pre_layrnorm` is theirs. */
export const huggingFaceNaming: TensorNaming = {
  logScale: 'logit_scale',
  projectionOrder: 'outputs-inputs',
  text: {
    tokenEmbedding: 'text_model.embeddings.token_embedding.weight',
    positionalEmbedding: 'text_model.embeddings.position_embedding.weight',
    blocks: 'text_model.encoder.layers.',
    block: (layer) => huggingFaceBlock(`text_model.encoder.layers.${layer}`),
    lastNorm: 'text_model.final_layer_norm',
    projection: 'text_projection.weight',
  },
  image: {
    patchEmbedding: 'vision_model.embeddings.patch_embedding.weight',
    classEmbedding: 'vision_model.embeddings.class_embedding',
    positionalEmbedding: 'vision_model.embeddings.position_embedding.weight',
    firstNorm: 'vision_model.pre_layrnorm',
    blocks: 'vision_model.encoder.layers.',
    block: (layer) => huggingFaceBlock(`vision_model.encoder.layers.${layer}`),
    lastNorm: 'vision_model.post_layernorm',
    projection: 'visual_projection.weight',
  },
  ignored: /\.embeddings\.position_ids$/,
}

/** The names of OpenAI's archives, which open_clip kept. */
export const openAiNaming: TensorNaming = {
  logScale: 'logit_scale',
  projectionOrder: 'inputs-outputs',
  text: {
    tokenEmbedding: 'token_embedding.weight',
    positionalEmbedding: 'positional_embedding',
    blocks: 'transformer.resblocks.',
    block: (layer) => openAiBlock(`transformer.resblocks.${layer}`),
    lastNorm: 'ln_final',
    projection: 'text_projection',
  },
  image: {
    patchEmbedding: 'visual.conv1.weight',
    classEmbedding: 'visual.class_embedding',
    positionalEmbedding: 'visual.positional_embedding',
    firstNorm: 'visual.ln_pre',
    blocks: 'visual.transformer.resblocks.',
    block: (layer) => openAiBlock(`visual.transformer.resblocks.${layer}`),
    lastNorm: 'visual.ln_post',
    projection: 'visual.proj',
  },
  ignored: /^(input_resolution|context_length|vocab_size)$|(^|\.)attn_mask$/,
}

/** Which family a file belongs to, by its names. 'bad-file' says what it seems to be instead. */
export function detectNaming(file: TensorFile): TensorNaming {
  const names = [...file.tensors.keys()]
  refuseRelatives(file.path, names)
  if (names.some((name) => /^(text|vision)_model\./.test(name))) return huggingFaceNaming
  if (names.some((name) => /^visual\.|^transformer\.resblocks\./.test(name))) return openAiNaming
  throw badClip(
    file.path,
    `none of its ${names.length} tensors is named as in CLIP (the first are ${list(names)})`,
  )
}

/** The highest layer that the names of a branch mention, plus one. */
export function countLayers(file: TensorFile, { blocks }: BranchNames): number {
  const layers = [...file.tensors.keys()]
    .filter((name) => name.startsWith(blocks))
    .map((name) => Number.parseInt(name.slice(blocks.length), 10))
  return layers.reduce((depth, layer) => Math.max(depth, layer + 1), 0)
}

/** The shape of a tensor that must be there with so many dimensions. */
export function shapeOf(file: TensorFile, name: string, dimensions: number): readonly number[] {
  const shape = file.tensors.get(name)?.shape
  if (shape === undefined) throw missing(file, [name])
  if (shape.length !== dimensions)
    throw badClip(
      file.path,
      `tensor ${name} has the shape [${shape.join(', ')}], ${dimensions} dimensions expected`,
    )
  return shape
}

/** Holds all names and shapes of a file against an architecture. Gives the number of tensors of a CLIP. */
export function checkTensors(file: TensorFile, naming: TensorNaming, architecture: ClipArchitecture): number {
  const expected = new Map([
    ...imageShapes(file, naming, architecture),
    ...textShapes(file, naming, architecture),
  ])
  const absent = [...expected.keys()].filter((name) => !file.tensors.has(name))
  if (!file.tensors.has(naming.logScale)) absent.push(naming.logScale)
  if (absent.length > 0) throw missing(file, absent)
  for (const [name, shape] of expected) checkShape(file, name, shape)
  if (countNumbers(file.tensors.get(naming.logScale)!.shape) !== 1) throw badScale(file, naming)
  const unknown = [...file.tensors.keys()].filter(
    (name) => !expected.has(name) && name !== naming.logScale && !naming.ignored.test(name),
  )
  if (unknown.length > 0) throw unexpected(file, unknown)
  return expected.size + 1
}

type Shapes = [name: string, shape: readonly number[]][]

function imageShapes(
  file: TensorFile,
  { image, projectionOrder }: TensorNaming,
  architecture: ClipArchitecture,
): Shapes {
  const { width, depth, patchSize, imageSize } = architecture.image
  return [
    [image.patchEmbedding, [width, 3, patchSize, patchSize]],
    [image.classEmbedding, [width]],
    [image.positionalEmbedding, [(imageSize / patchSize) ** 2 + 1, width]],
    ...normShapes(image.firstNorm, width),
    ...blockShapes(file, image, { width, depth }),
    ...normShapes(image.lastNorm, width),
    [image.projection, projectionShape(projectionOrder, width, architecture.embeddingSize)],
  ]
}

function textShapes(
  file: TensorFile,
  { text, projectionOrder }: TensorNaming,
  architecture: ClipArchitecture,
): Shapes {
  const { width, depth, textPositions, vocabularySize } = architecture.text
  return [
    [text.tokenEmbedding, [vocabularySize, width]],
    [text.positionalEmbedding, [textPositions, width]],
    ...blockShapes(file, text, { width, depth }),
    ...normShapes(text.lastNorm, width),
    [text.projection, projectionShape(projectionOrder, width, architecture.embeddingSize)],
  ]
}

/** The feed-forward width is the file's own: four times the width in most CLIPs, but not in all. */
function blockShapes(
  file: TensorFile,
  names: BranchNames,
  { width, depth }: { width: number; depth: number },
): Shapes {
  const hidden = file.tensors.get(names.block(0).expand.weight)?.shape[0] ?? 4 * width
  return Array.from({ length: depth }, (_, layer): Shapes => {
    const { norm1, queryKeyValue, output, norm2, expand, contract } = names.block(layer)
    return [
      ...normShapes(norm1, width),
      ...queryKeyValue.flatMap((part) => linearShapes(part, width, (3 * width) / queryKeyValue.length)),
      ...linearShapes(output, width, width),
      ...normShapes(norm2, width),
      ...linearShapes(expand, width, hidden),
      ...linearShapes(contract, hidden, width),
    ]
  }).flat()
}

function linearShapes({ weight, bias }: LinearNames, inputs: number, outputs: number): Shapes {
  return [
    [weight, [outputs, inputs]],
    [bias, [outputs]],
  ]
}

function normShapes(name: string, width: number): Shapes {
  return [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ]
}

function projectionShape(
  order: TensorNaming['projectionOrder'],
  width: number,
  embeddingSize: number,
): number[] {
  return order === 'inputs-outputs' ? [width, embeddingSize] : [embeddingSize, width]
}

function huggingFaceBlock(prefix: string): BlockNames {
  const attention = `${prefix}.self_attn`
  return {
    norm1: `${prefix}.layer_norm1`,
    queryKeyValue: ['q_proj', 'k_proj', 'v_proj'].map((part) => linearNames(`${attention}.${part}`)),
    output: linearNames(`${attention}.out_proj`),
    norm2: `${prefix}.layer_norm2`,
    expand: linearNames(`${prefix}.mlp.fc1`),
    contract: linearNames(`${prefix}.mlp.fc2`),
  }
}

function openAiBlock(prefix: string): BlockNames {
  return {
    norm1: `${prefix}.ln_1`,
    queryKeyValue: [{ weight: `${prefix}.attn.in_proj_weight`, bias: `${prefix}.attn.in_proj_bias` }],
    output: linearNames(`${prefix}.attn.out_proj`),
    norm2: `${prefix}.ln_2`,
    expand: linearNames(`${prefix}.mlp.c_fc`),
    contract: linearNames(`${prefix}.mlp.c_proj`),
  }
}

function linearNames(name: string): LinearNames {
  return { weight: `${name}.weight`, bias: `${name}.bias` }
}

/** Networks that are called CLIP or near it and cannot be used, by a name that only they have. */
const relatives: readonly [RegExp, string][] = [
  [/^logit_bias$|^vision_model\.head\./, 'it is a SigLIP; only CLIP is supported'],
  [
    /^visual\.(layer\d|attnpool)/,
    'it is a CLIP with a ResNet for images; only vision transformers (ViT) are supported',
  ],
  [
    /^visual\.trunk\./,
    'its image branch is a timm network; only CLIP vision transformers (ViT) are supported',
  ],
  [/^text\./, 'its text branch is another network than that of CLIP'],
  [/\.ls_[12]\.gamma$/, 'its blocks have layer scales, which CLIP does not have'],
  [/lora_[AB]|^base_model\.model\./, 'it holds an adapter (LoRA) instead of whole weights'],
]

function refuseRelatives(path: string, names: readonly string[]): void {
  for (const [pattern, reason] of relatives)
    if (names.some((name) => pattern.test(name))) throw badClip(path, reason)
}

function checkShape(file: TensorFile, name: string, expected: readonly number[]): void {
  const { shape } = file.tensors.get(name)!
  if (shape.join() !== expected.join())
    throw new AppError(
      'bad-file',
      `${file.path} does not fit its configuration: tensor ${name} has the shape [${shape.join(', ')}], [${expected.join(', ')}] expected.`,
      {
        hint: 'The weights and the configuration beside them belong to different models. Get both from one source.',
      },
    )
}

function missing(file: TensorFile, absent: readonly string[]): AppError {
  const names = [...file.tensors.keys()]
  const cause = !names.some((name) => /^(vision_model|visual)\./.test(name))
    ? ' It seems to hold a text branch only.'
    : !names.some((name) => /^(text_model|transformer|token_embedding)\b/.test(name))
      ? ' It seems to hold an image branch only.'
      : ''
  return badClip(file.path, `${absent.length} tensors are missing: ${list(absent)}`, cause)
}

function unexpected(file: TensorFile, unknown: readonly string[]): AppError {
  const reason = `it has ${unknown.length} tensors that a CLIP of this shape does not have: ${list(unknown)}`
  return badClip(file.path, reason)
}

function badScale(file: TensorFile, { logScale }: TensorNaming): AppError {
  return badClip(file.path, `tensor ${logScale} must be a single number`)
}

function badClip(path: string, reason: string, cause = ''): AppError {
  return new AppError('bad-file', `${path} cannot be used as CLIP: ${reason}.${cause}`, {
    hint: 'Supported are CLIPs with a vision transformer (for example ViT-B/32, ViT-B/16, ViT-L/14) with both branches.',
  })
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name.slice(0, 100)))
  return names.length > 3 ? `${shown.join(', ')} and ${names.length - 3} more` : shown.join(', ')
}
