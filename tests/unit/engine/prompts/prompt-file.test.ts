import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { readPromptFile, writePromptFile, type LearnedPrompts } from '#main/engine/prompts/prompt-file'
import { readSafetensors, writeSafetensors } from '#main/engine/tensor/safetensors'
import { exampleDescription, examplePrompts, hostileNames } from '../../../support/prompt-examples.ts'
import { tinyArchitecture } from '../../../support/random-clip.ts'

let folder: string
const file = () => join(folder, 'prompt.safetensors')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prompt-file-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('writePromptFile and readPromptFile', () => {
  test('give back prompts and header as they were', async () => {
    writePromptFile(file(), examplePrompts(), exampleDescription())
    const { header, ...learned } = await readPromptFile(file())
    expect(learned).toEqual(examplePrompts())
    expect(header).toEqual({
      ...exampleDescription(),
      format: 'dpl-prompt',
      formatVersion: '1',
      contextLengths: examplePrompts().contextLengths,
    })
  })

  test('name one tensor per prompted layer, counted from 0', async () => {
    writePromptFile(file(), examplePrompts(), exampleDescription())
    const { tensors, metadata } = await readSafetensors(file())
    expect([...tensors.keys()].sort()).toEqual(['image.1', 'text.0', 'text.2'])
    expect(tensors.get('text.2')).toEqual({
      shape: [3, 16],
      data: examplePrompts().prompts.text!.slice(2 * 16),
    })
    expect(JSON.parse(metadata['classNames']!)).toEqual(hostileNames)
  })

  test('keep a branch without prompts as null and an unmeasured accuracy as absent', async () => {
    const learned = examplePrompts()
    const textOnly: LearnedPrompts = {
      ...learned,
      contextLengths: { ...learned.contextLengths, image: [0, 0] },
      prompts: { ...learned.prompts, image: null },
    }
    const { accuracy, zeroShotAccuracy, ...unmeasured } = exampleDescription()
    expect([accuracy, zeroShotAccuracy]).toEqual([0.75, 0.5])
    writePromptFile(file(), textOnly, unmeasured)
    const read = await readPromptFile(file())
    expect(read.prompts.image).toBeNull()
    expect('accuracy' in read.header).toBe(false)
  })

  test('keep any class names and template', async () => {
    const texts = fc.record({
      classNames: fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 5 }),
      template: fc.string({ unit: 'binary' }),
    })
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        writePromptFile(file(), examplePrompts(), exampleDescription(given))
        expect((await readPromptFile(file())).header).toMatchObject(given)
      }),
      { numRuns: 30 },
    )
  })

  test('refuse to write prompts that do not fit their context lengths', () => {
    const contextLengths = { text: [2, 0, 2], image: [0, 4] }
    expect(() => writePromptFile(file(), examplePrompts({ contextLengths }), exampleDescription())).toThrow(
      RangeError,
    )
  })
})

describe('readPromptFile with a CLIP', () => {
  const model = { architecture: tinyArchitecture, digest: 'random' }

  test('accepts the one the prompts were learned with', async () => {
    writePromptFile(file(), examplePrompts(), exampleDescription())
    await expect(readPromptFile(file(), model)).resolves.toBeDefined()
  })

  test.each([
    ['weights', { ...model, digest: 'other' }],
    [
      'width',
      { ...model, architecture: { ...tinyArchitecture, text: { ...tinyArchitecture.text, width: 32 } } },
    ],
    [
      'depth',
      { ...model, architecture: { ...tinyArchitecture, image: { ...tinyArchitecture.image, depth: 12 } } },
    ],
  ])('refuses one of other %s', async (what, other) => {
    writePromptFile(file(), examplePrompts(), exampleDescription())
    const reading = readPromptFile(file(), other)
    await expect(reading).rejects.toMatchObject({ code: 'model-mismatch' })
    await expect(reading).rejects.toThrow(what)
  })
})

describe('readPromptFile of a damaged file', () => {
  const tensor = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1),
  })
  const intact = {
    'text.0': tensor(2, 16),
    'text.2': tensor(3, 16),
    'image.1': tensor(4, 24),
  }

  async function metadataOfExample() {
    writePromptFile(file(), examplePrompts(), exampleDescription())
    return (await readSafetensors(file())).metadata
  }

  test.each([
    ['lacks a tensor', { 'text.0': intact['text.0'], 'image.1': intact['image.1'] }, 'missing'],
    ['has one too many', { ...intact, 'image.0': tensor(1, 24) }, 'no place'],
    ['has one of another shape', { ...intact, 'text.2': tensor(2, 16) }, '[2, 16]'],
    [
      'holds numbers that are not finite',
      { ...intact, 'text.0': { shape: [2, 16], data: new Float32Array(32).fill(NaN) } },
      'finite',
    ],
  ])('says that it %s', async (_, tensors, words) => {
    writeSafetensors(file(), tensors, { metadata: await metadataOfExample() })
    await expect(readPromptFile(file())).rejects.toMatchObject({ code: 'bad-file' })
    await expect(readPromptFile(file())).rejects.toThrow(words)
  })

  test.each([
    ['another format', { format: 'pt' }, 'dpl-prompt'],
    ['a newer version', { formatVersion: '2' }, 'version "1"'],
    ['no JSON where it belongs', { contextLengths: '[' }, 'contextLengths'],
    ['context lengths of another depth', { contextLengths: '{"text":[2],"image":[0,4]}' }, '3 layers'],
    ['an impossible accuracy', { accuracy: '75' }, 'accuracy'],
  ])('says that it has %s', async (_, changes, words) => {
    writeSafetensors(file(), intact, { metadata: { ...(await metadataOfExample()), ...changes } })
    await expect(readPromptFile(file())).rejects.toMatchObject({ code: 'bad-file' })
    await expect(readPromptFile(file())).rejects.toThrow(words)
  })

  test('never reads a truncated or altered header as something else', async () => {
    writePromptFile(file(), examplePrompts(), exampleDescription())
    const bytes = readFileSync(file())
    const damage = fc.record({ at: fc.nat(bytes.length - 1), bit: fc.nat(7), cut: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, bit, cut }) => {
        const changed = cut ? bytes.subarray(0, at) : Buffer.from(bytes)
        if (!cut) changed[at]! ^= 1 << bit
        writeFileSync(file(), changed)
        const outcome: unknown = await readPromptFile(file()).catch((thrown: unknown) => thrown)
        if (cut) expect(outcome).toBeInstanceOf(AppError)
        else if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AppError)
      }),
      { numRuns: 100 },
    )
  })
})
