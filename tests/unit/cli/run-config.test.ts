import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { presets } from '#shared/presets'
import { parseArguments } from '#main/cli/arguments'
import { commands } from '#main/cli/commands'
import { parseContextLengths, readRunConfig } from '#main/cli/run-config'

const folder = mkdtempSync(join(tmpdir(), 'run-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = commands.find(({ name }) => name === 'run')!
const configOf = (...words: string[]) => readRunConfig(parseArguments(run, words))

function configFile(content: string): string {
  const path = join(folder, 'config.json')
  writeFileSync(path, content)
  return path
}

describe('readRunConfig', () => {
  test("is the paper's unless told otherwise", () => {
    expect(configOf()).toEqual(presets.paper)
    expect(configOf('--preset', 'released-code')).toEqual(presets['released-code'])
  })

  test('lets a file win over the preset, --set over the file, and options over all', () => {
    const path = configFile('{"seed": 7, "shots": 4, "search": {"epochs": 9, "batchSize": 2}}')
    const config = configOf('--preset', 'quick', '--config', path, '--set', 'search.epochs=5', '--shots', '8')
    expect(config).toMatchObject({ seed: 7, shots: 8, search: { epochs: 5, batchSize: 2 } })
    expect(config.train).toEqual(presets.quick.train)
  })

  test('has the template of the dataset, unless it is told another', () => {
    const withTemplate = (...words: string[]) =>
      readRunConfig(parseArguments(run, words), { template: 'a sketch of a {}.' }).template
    expect(withTemplate()).toBe('a sketch of a {}.')
    expect(withTemplate('--preset', 'quick')).toBe('a sketch of a {}.')
    expect(withTemplate('--set', 'template=a {}')).toBe('a {}')
    expect(withTemplate('--template', 'the {}')).toBe('the {}')
  })

  test('understands lists, texts, truth values and context lengths', () => {
    const config = configOf(
      ...['--set', 'search.options=0,4,8', '--set', 'branches=text', '--set', 'search.alphaOptimizer=adam'],
      ...['--set', 'train.distillation.enabled=true', '--set', 'train.contextLengths.text=[1,2]'],
      ...['--set', 'train.contextLengths.image=3,4', '--template', 'a drawing of a {}'],
    )
    expect(config).toMatchObject({
      template: 'a drawing of a {}',
      branches: ['text'],
      search: { options: [0, 4, 8], alphaOptimizer: 'adam' },
      train: { distillation: { enabled: true }, contextLengths: { text: [1, 2], image: [3, 4] } },
    })
  })

  test.each([
    ['search.epoch=5', 'no field search.epoch', 'Did you mean search.epochs?'],
    ['serach.epochs=5', 'no field serach.epochs', 'Did you mean search.epochs?'],
    ['epochs', 'needs key=value', 'search.epochs=5'],
    ['__proto__.polluted=1', 'no field __proto__.polluted', ''],
    ['seed.deeper=1', 'no field seed.deeper', ''],
  ])('refuses --set %s', (assignment, message, hint) => {
    expect(() => configOf('--set', assignment)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining(hint) as string,
      }),
    )
  })

  test.each([
    ['search.epochs=-1', 'search.epochs'],
    ['search.options=4,2', 'rise strictly'],
    ['template=no place', 'needs {}'],
    ['method=magic', 'method'],
  ])('names the field that cannot be: %s', (assignment, message) => {
    expect(() => configOf('--set', assignment)).toThrow(message)
  })

  test.each(['{', '[]', '3', '{"sead": 1}', '{"search": {"epoch": 1}}'])('refuses the file %s', (content) => {
    expect(() => configOf('--config', configFile(content))).toThrow()
  })

  test('knows no other presets', () => {
    expect(() => configOf('--preset', 'papr')).toThrow(
      expect.objectContaining({ hint: 'Did you mean paper?' }),
    )
  })
})

describe('parseContextLengths', () => {
  test('takes one per layer and branch', () => {
    const lengths = { text: [4, 2, 0], image: [2, 2, 6] }
    expect(parseContextLengths('text=4,2,0 image=2,2,6')).toEqual(lengths)
    expect(parseContextLengths('image=2,2,6; text=4, 2, 0')).toEqual(lengths)
  })

  test('asks for the branch that is missing', () => {
    expect(() => parseContextLengths('text=4,2')).toThrow('image branch')
  })
})
