import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectClip, loadClip, type LoadedClip } from '#main/engine/clip/model-folder'
import { openSafetensors, readSafetensors, writeSafetensors } from '#main/engine/tensor/safetensors'
import { naiveImage, naiveText, type NaiveLayer } from '../../../support/naive-clip.ts'

const fixtures = join(import.meta.dirname, '../../../fixtures/clip')

interface Expected {
  texts: string[]
  ids: number[][]
  pixels: { values: number[] }
  textFeatures: number[][]
  imageFeatures: number[][]
  logitScale: number
}
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Expected

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'dpl-clip-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A copy of a fixture that a test may break. */
function copyOf(name: string): string {
  cpSync(join(fixtures, name), folder, { recursive: true })
  return folder
}

function editJson(path: string, edit: (json: Record<string, never>) => void): void {
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, never>
  edit(json)
  writeFileSync(path, JSON.stringify(json))
}

/** Rewrites the weights of a copied Hugging Face folder under other names or without some. */
async function editTensors(rename: (name: string) => string | null): Promise<void> {
  const path = join(folder, 'model.safetensors')
  const { tensors } = await readSafetensors(path)
  const kept = [...tensors].flatMap(([name, tensor]) => {
    const renamed = rename(name)
    return renamed === null ? [] : [[renamed, tensor] as const]
  })
  writeSafetensors(path, Object.fromEntries(kept))
}

const plain = (depth: number): NaiveLayer[] => Array.from({ length: depth }, () => ({ kind: 'plain' }))

function largestGap(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  return Math.max(...Array.from(theirs, (value, i) => Math.abs(value - ours[i]!)))
}

/** Holds features computed from loaded weights against those PyTorch computed from the same file. */
function expectPyTorchFeatures({ weights, tokenizer }: LoadedClip): void {
  const { text, image } = weights.architecture
  expected.texts.forEach((words, index) => {
    const ids = tokenizer.encode(words)
    expect(ids).toEqual(expected.ids[index])
    const rows = ids.map((id) => [
      ...weights.text.tokenEmbedding.subarray(id * text.width, (id + 1) * text.width),
    ])
    const features = naiveText(weights, rows, ids.length - 1, plain(text.depth))
    expect(largestGap(features, expected.textFeatures[index]!)).toBeLessThan(1e-5)
  })
  const size = 3 * image.imageSize ** 2
  expected.imageFeatures.forEach((theirs, index) => {
    const pixels = expected.pixels.values.slice(index * size, (index + 1) * size)
    expect(largestGap(naiveImage(weights, pixels, plain(image.depth)), theirs)).toBeLessThan(1e-5)
  })
  expect(weights.logitScale).toBeCloseTo(expected.logitScale, 4)
}

describe('loadClip', () => {
  test('reads a folder of transformers into the network that transformers runs', async () => {
    const clip = await loadClip(join(fixtures, 'huggingface'))
    expect(clip.source).toBe('huggingface')
    expect(clip.weights.architecture).toEqual({
      image: { width: 64, depth: 2, heads: 1, patchSize: 4, imageSize: 8 },
      text: { width: 64, depth: 1, heads: 1, textPositions: 16, vocabularySize: 147 },
      embeddingSize: 24,
      activation: 'quick_gelu',
      layerNormEpsilon: 1e-5,
    })
    expectPyTorchFeatures(clip)
  })

  test.each([
    ['open_clip', 'open_clip', 'open_clip'],
    ['a state dict', 'openai/state-dict.pt', 'openai'],
    ['a TorchScript archive', 'openai/torchscript.pt', 'openai'],
  ])('reads the same network out of %s', async (_, path, source) => {
    const clip = await loadClip(join(fixtures, path))
    const { weights } = await loadClip(join(fixtures, 'huggingface'))
    expect(clip.source).toBe(source)
    expect({ ...clip.weights, digest: '' }).toEqual({ ...weights, digest: '' })
  })

  test('takes mean and standard deviation from the configuration of open_clip', async () => {
    const { preprocessing, assumptions } = await loadClip(join(fixtures, 'open_clip'))
    expect(preprocessing).toEqual({
      resizeTo: 8,
      cropSize: 8,
      interpolation: 'bicubic',
      mean: [0.48, 0.46, 0.41],
      std: [0.27, 0.26, 0.28],
    })
    expect(assumptions).toEqual([])
  })

  test('says what it assumed where open_clip left no configuration', async () => {
    copyOf('open_clip')
    rmSync(join(folder, 'open_clip_config.json'))
    const { weights, assumptions } = await loadClip(folder)
    expect(weights.architecture.activation).toBe('gelu')
    expect(assumptions).toEqual([expect.stringContaining('open_clip_config.json')])
  })

  test('reads weights that are spread over several files', async () => {
    copyOf('huggingface')
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'))
    rmSync(join(folder, 'model.safetensors'))
    const part = (even: boolean) => [...tensors].filter((_, index) => (index % 2 === 0) === even)
    writeSafetensors(join(folder, 'model-1.safetensors'), Object.fromEntries(part(true)))
    writeSafetensors(join(folder, 'model-2.safetensors'), Object.fromEntries(part(false)))
    const map = [...tensors.keys()].map((name, index) => [name, `model-${1 + (index % 2)}.safetensors`])
    const index = { metadata: {}, weight_map: Object.fromEntries(map) as unknown }
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index))
    expectPyTorchFeatures(await loadClip(folder))
    expect((await inspectClip(folder)).files).toHaveLength(2)
  })

  test('refuses an index that names files elsewhere', async () => {
    copyOf('huggingface')
    rmSync(join(folder, 'model.safetensors'))
    const index = { weight_map: { logit_scale: '../../model.safetensors' } }
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index))
    await expect(loadClip(folder)).rejects.toMatchObject({ code: 'bad-file' })
  })

  test('reads a vocabulary stored as vocab.json and merges.txt', async () => {
    copyOf('huggingface')
    rmSync(join(folder, 'tokenizer.json'))
    expectPyTorchFeatures(await loadClip(folder))
  })

  test('counts the tensors while it reads', async () => {
    const seen: { done: number; total: number }[] = []
    await loadClip(join(fixtures, 'huggingface'), (progress) => seen.push(progress))
    expect(seen.length).toBeGreaterThan(10)
    expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total)
  })
})

describe('wrong files', () => {
  test.each([
    ['nothing there', 'absent', 'not-found', /no model/],
    ['a folder without weights', '.', 'bad-file', /model\.safetensors expected/],
    ['an archive of old PyTorch', 'openai/legacy.pt', 'bad-file', /older than 1\.6/],
  ])('%s', async (_, path, code, message) => {
    await expect(loadClip(join(fixtures, path))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    })
  })

  test.each([
    [
      'a missing tensor',
      (name: string) => (name === 'visual_projection.weight' ? null : name),
      /missing: "visual_projection/,
    ],
    ['a text branch alone', (name: string) => (/^vis/.test(name) ? null : name), /text branch only/],
    ['an image branch alone', (name: string) => (/^text_/.test(name) ? null : name), /image branch only/],
    ['SigLIP', (name: string) => (name === 'logit_scale' ? 'logit_bias' : name), /SigLIP/],
    [
      'an unknown tensor',
      (name: string) => name.replace('visual_projection', 'adapter'),
      /visual_projection/,
    ],
    ['something else', (name: string) => `bert.${name}`, /named as in CLIP/],
  ])('%s is named', async (_, rename, message) => {
    copyOf('huggingface')
    await editTensors(rename)
    await expect(loadClip(folder)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    })
  })

  test('a tensor too many is named', async () => {
    copyOf('huggingface')
    const path = join(folder, 'model.safetensors')
    const { tensors } = await readSafetensors(path)
    writeSafetensors(path, {
      ...Object.fromEntries(tensors),
      'vision_model.extra.weight': tensors.get('logit_scale')!,
    })
    await expect(inspectClip(folder)).rejects.toThrow(/vision_model\.extra\.weight/)
  })

  test('a configuration of another model: the tensor, its shape and the expected one', async () => {
    copyOf('huggingface')
    editJson(join(folder, 'config.json'), (config) =>
      Object.assign(config['vision_config']!, { patch_size: 2 }),
    )
    await expect(loadClip(folder)).rejects.toThrow(
      /patch_embedding.*\[64, 3, 4, 4\], \[64, 3, 2, 2\] expected/,
    )
  })

  test.each([
    ['another model type', (config: object) => Object.assign(config, { model_type: 'siglip' }), /"siglip"/],
    [
      'another activation',
      (config: { text_config: object; vision_config: object }) => {
        Object.assign(config.text_config, { hidden_act: 'relu' })
        Object.assign(config.vision_config, { hidden_act: 'relu' })
      },
      /relu/,
    ],
    [
      'heads that do not divide',
      (config: { text_config: object }) => Object.assign(config.text_config, { num_attention_heads: 7 }),
      /7 heads/,
    ],
  ])('%s in config.json', async (_, edit, message) => {
    copyOf('huggingface')
    editJson(join(folder, 'config.json'), edit as never)
    await expect(loadClip(folder)).rejects.toThrow(message)
  })

  test('a tokenizer of another model', async () => {
    copyOf('huggingface')
    editJson(join(folder, 'config.json'), (config) =>
      Object.assign(config['text_config']!, { eos_token_id: 7 }),
    )
    await expect(loadClip(folder)).rejects.toMatchObject({ code: 'model-mismatch' })
  })

  test('the end token of files older than transformers 4.31 is the largest id', async () => {
    copyOf('huggingface')
    editJson(join(folder, 'config.json'), (config) =>
      Object.assign(config['text_config']!, { eos_token_id: 2 }),
    )
    expectPyTorchFeatures(await loadClip(folder))
  })

  test.each([
    ['for another size', { size: 224, crop_size: 224 }, 'model-mismatch', /224 pixels, the weights expect 8/],
    ['that squeezes', { size: { height: 8, width: 8 } }, 'bad-file', /shortest_edge alone/],
    ['that cuts an oblong', { crop_size: { height: 8, width: 9 } }, 'bad-file', /only a square/],
    ['that cuts more than there is', { size: 4, crop_size: 8 }, 'bad-file', /4 pixels and then cuts 8/],
    ['by a filter we do not have', { resample: 1 }, 'bad-file', /bilinear\) and 3 \(bicubic/],
    ['without cutting', { do_center_crop: false }, 'bad-file', /only true is supported/],
  ])('preprocessing %s', async (_, config, code, message) => {
    copyOf('huggingface')
    writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(config))
    await expect(loadClip(folder)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    })
  })

  test('preprocessing as older and newer files of transformers write it', async () => {
    copyOf('huggingface')
    const written = [
      { size: 10, crop_size: 8, resample: 2, image_mean: [0.1, 0.2, 0.3], image_std: [1, 2, 3] },
      {
        size: { shortest_edge: 10 },
        crop_size: { height: 8, width: 8 },
        resample: 2,
        image_mean: [0.1, 0.2, 0.3],
        image_std: [1, 2, 3],
      },
    ]
    for (const config of written) {
      writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(config))
      expect((await inspectClip(folder)).preprocessing).toEqual({
        resizeTo: 10,
        cropSize: 8,
        interpolation: 'bilinear',
        mean: [0.1, 0.2, 0.3],
        std: [1, 2, 3],
      })
    }
  })
})

describe('inspectClip', () => {
  test('tells the same as loading, from the headers', async () => {
    const inspected = await inspectClip(join(fixtures, 'huggingface'))
    const loaded = await loadClip(join(fixtures, 'huggingface'))
    expect(inspected.architecture).toEqual(loaded.weights.architecture)
    expect(inspected.digest).toBe(loaded.weights.digest)
    expect(inspected.digest).toMatch(/^[0-9a-f]{64}$/)
    const file = await openSafetensors(inspected.files[0]!)
    expect(inspected.sizeBytes).toBe(file.sizeBytes)
    await file.close()
  })
})
