import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cliCommand, nearestPreset, shellWord } from '#shared/cli-command'
import { presets } from '#shared/presets'
import { RunConfig, RunKind } from '#shared/schemas/run'
import type { RunRequest } from '#shared/schemas/run-record'
import { findCommand, parseArguments } from '#main/cli/arguments'
import type { CommandContext } from '#main/cli/command'
import { commands } from '#main/cli/commands'

/** What a POSIX shell makes of a line of our making: single quotes, and quotes behind a backslash. */
function splitLikeAShell(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  for (let at = 0; at < line.length; at++) {
    const sign = line[at]!
    if (sign === ' ') {
      if (word !== null) words.push(word)
      word = null
    } else if (sign === "'") {
      const end = line.indexOf("'", at + 1)
      word = (word ?? '') + line.slice(at + 1, end)
      at = end
    } else if (sign === '\\') word = (word ?? '') + line[++at]!
    else word = (word ?? '') + sign
  }
  return word === null ? words : [...words, word]
}

/** Runs a command line against an application that only plans, and gives the request it was asked to plan. */
async function requestOf(line: string): Promise<unknown> {
  const [program, ...words] = splitLikeAShell(line)
  expect(program).toBe('dplstudio')
  const { command, rest } = findCommand(commands, words)
  let planned: unknown
  const answers: Record<string, (input: unknown) => unknown> = {
    'datasets/list': () => [{ id: 'my-pets', name: 'My pets' }],
    'models/list': () => [{ id: 'big-clip', name: 'Big' }],
    'runs/plan': (input) => {
      planned = input
      return {
        kind: 'train',
        config: presets.paper,
        dataset: { id: '', classes: 0, train: 0, validation: 0, test: 0 },
        model: { name: '' },
        searchSpace: 1,
        warnings: [],
      }
    },
  }
  const api = {
    request: (name: string, input: unknown) => Promise.resolve(answers[name]!(input)),
    on: () => () => {},
  }
  const context = { api, signal: new AbortController().signal, progress: {} } as unknown as CommandContext
  await command.run(context, parseArguments(command, [...rest, '--dry-run']))
  return planned
}

const numbers = fc.double({ min: 1e-9, max: 1, noNaN: true })
const lengths = fc.array(fc.nat(9), { minLength: 1, maxLength: 4 })
const requests = fc
  .record({
    kind: fc.constantFrom(...RunKind.options),
    preset: fc.constantFrom(...Object.values(presets)),
    seed: fc.nat(),
    shots: fc.integer({ min: 1, max: 99 }),
    template: fc.string().map((text) => `${text}{}`),
    branches: fc.constantFrom(['text'], ['image'], ['text', 'image']),
    search: fc.record({ options: fc.constantFrom([0, 4], [0, 1, 2, 3]), learningRate: numbers }),
    train: fc.record({
      contextLengths: fc.option(fc.record({ text: lengths, image: lengths }), { nil: undefined }),
      swapBranches: fc.boolean(),
      enabled: fc.boolean(),
    }),
    name: fc.option(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), { nil: undefined }),
  })
  .map(({ kind, preset, name, search, train: { enabled, ...train }, ...rest }): RunRequest => {
    const distillation = { ...preset.train.distillation, enabled }
    const config = RunConfig.parse({
      ...preset,
      ...rest,
      search: { ...preset.search, ...search },
      train: { ...preset.train, ...train, distillation },
    })
    return { kind, datasetId: 'my-pets', modelId: 'big-clip', config, ...(name !== undefined && { name }) }
  })

describe('the command line of a run', () => {
  test('asks for exactly the same run, whatever is set', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        expect(await requestOf(cliCommand(request))).toEqual(request)
      }),
    )
  })

  test('is short where a preset says it all', () => {
    const request = { kind: 'search-and-train', datasetId: 'pets', modelId: 'starter' } as const
    expect(cliCommand({ ...request, config: presets.paper })).toBe('dplstudio run pets --model starter')
    const config = { ...presets.quick, seed: 2, template: "a {}'s photo" }
    expect(cliCommand({ ...request, config })).toBe(
      String.raw`dplstudio run pets --model starter --preset quick --seed 2 --template 'a {}'\''s photo'`,
    )
  })
})

test('the nearest preset needs the fewest changes', () => {
  expect(nearestPreset({ ...presets['released-code'], seed: 9 })).toBe('released-code')
})

test('words are quoted where a shell would read more into them', () => {
  expect(shellWord('search.epochs=5')).toBe('search.epochs=5')
  for (const word of ['a b', '$HOME', '', '*', 'é', "it's", 'a\nb'])
    expect(splitLikeAShell(shellWord(word))).toEqual([word])
})
