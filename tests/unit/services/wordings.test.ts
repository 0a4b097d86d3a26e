import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DatasetClass } from '#shared/schemas/dataset'
import type { RegisteredModel } from '#shared/schemas/registered-model'
import { inspectClip } from '#main/engine/clip/model-folder'
import { resource } from '#main/resources'
import { createWordings, type WordingsParts } from '#main/services/wordings'
import { temporaryFolder } from '../../support/pictures.ts'
import { datasetOf, model } from '../../support/records.ts'

/** Counts for a dataset with as many classes as texts, with a model that is registered. */
function countsWith(registered: RegisteredModel) {
  const missing = () => {
    throw new Error('not needed to count')
  }
  const cls = (prompt: string): DatasetClass => ({
    name: prompt,
    prompt,
    folder: null,
    counts: { train: 1, validation: 1, test: 1 },
  })
  let classes: DatasetClass[] = []
  const wordings = createWordings({
    datasets: { get: () => datasetOf([], { classes }) } as unknown as WordingsParts['datasets'],
    models: { get: () => registered, forJob: () => registered } as unknown as WordingsParts['models'],
    engine: { run: missing } as unknown as WordingsParts['engine'],
    tasks: { start: missing } as unknown as WordingsParts['tasks'],
  })
  return (prompts: string[], template = 'a photo of a {}.') => {
    classes = prompts.map(cls)
    return wordings.countTokens({ id: 'pets', modelId: registered.id, template, prompts })
  }
}

test('texts are counted in the tokens of a CLIP: start, words, full stop, end', async () => {
  const path = resource('starter-clip')
  const { architecture } = await inspectClip(path)
  const count = countsWith({ ...model, path, architecture })
  const { counts, textPositions } = count(['cat', 'cat '.repeat(200)])
  expect(counts).toEqual([8, 207])
  expect(textPositions).toBe(architecture.text.textPositions)
  expect(count(['cat', 'dog'], '{}').counts).toEqual([3, 3])
})

test('a single weight file without a tokenizer beside it has the vocabulary of OpenAI, and a thousand texts are quick', () => {
  const path = join(temporaryFolder(), 'ViT-B-16.pt')
  writeFileSync(path, '')
  const { architecture } = model
  const text = { ...architecture.text, vocabularySize: 49408, textPositions: 77 }
  const count = countsWith({ ...model, path, architecture: { ...architecture, text } })
  const names = Array.from({ length: 1000 }, (_, i) => `greater_spotted woodpecker number ${i}`)
  const began = performance.now()
  const { counts } = count(names)
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(counts[0]).toBe(12) // start, a, photo, of, a, greater, spotted, woodpecker, number, 0, full stop, end
})
