import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findCommand, parseArguments } from '#main/cli/arguments'
import type { Command } from '#main/cli/command'
import { commands } from '#main/cli/commands'
import { nearest, typingErrors } from '#main/cli/nearest'

const command: Command = {
  name: 'work',
  summary: '',
  usage: '<thing>',
  positionals: [1, 2],
  options: {
    shots: { type: 'string', help: '' },
    set: { type: 'string', multiple: true, help: '' },
    quiet: { type: 'boolean', short: 'q', help: '' },
  },
  examples: [],
  access: 'none',
  run: () => Promise.reject(new Error('not run')),
}

describe('parseArguments', () => {
  test('takes options and words in any order', () => {
    const args = parseArguments(command, ['--set', 'a=1', 'thing', '--shots=4', '-q', '--set', 'b=2'])
    expect(args.positionals).toEqual(['thing'])
    expect(args.number('shots')).toBe(4)
    expect(args.texts('set')).toEqual(['a=1', 'b=2'])
    expect(args.flag('quiet')).toBe(true)
    expect(args.text('data-dir')).toBeUndefined()
  })

  test.each([
    [['thing', '--shot', '4'], 'Unknown option --shot', 'Did you mean --shots?'],
    [['thing', '--shots'], '--shots needs a value', 'work --help'],
    [['thing', '--quiet=yes'], '--quiet takes no value', 'work --help'],
    [[], 'Something is missing', 'work --help'],
    [['a', 'b', 'c'], '"c" is too much', 'work --help'],
  ])('says what is wrong with %j', (words, message, hint) => {
    expect(() => parseArguments(command, words)).toThrow(
      expect.objectContaining({
        code: 'invalid-input',
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining(hint) as string,
      }),
    )
  })

  test.each(['four', '', ' ', 'NaN', '1e999'])('does not take "%s" for a number', (text) => {
    const args = parseArguments(command, ['thing', `--shots=${text}`])
    expect(() => args.number('shots')).toThrow('--shots needs a number')
  })
})

describe('findCommand', () => {
  test('prefers two words', () => {
    expect(findCommand(commands, ['dataset', 'import', 'x'])).toMatchObject({ rest: ['x'] })
    expect(findCommand(commands, ['runs', 'show', 'x']).command.name).toBe('runs show')
    expect(findCommand(commands, ['runs']).command.name).toBe('runs')
    expect(findCommand(commands, ['runs', 'list']).command.name).toBe('runs')
  })

  test.each([
    ['trian', 'train'],
    ['dataset imprt', 'dataset import'],
    ['exprot', 'export'],
  ])('knows what %s was meant to be', (typed, meant) => {
    expect(() => findCommand(commands, typed.split(' '))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`Did you mean ${meant}?`) as string }),
    )
  })

  test('every command explains itself with examples that parse', () => {
    for (const { name, summary, examples } of commands) {
      expect(summary).not.toBe('')
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) {
        // What follows a gap is a remark, and what follows `>` is for the shell.
        const typed = example.split(/ {3,}| > /)[0]!
        const words = [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
        const found = findCommand(commands, words)
        expect(found.command.name).toBe(name)
        parseArguments(found.command, found.rest)
      }
    }
  })
})

describe('nearest', () => {
  test('counts typing errors', () => {
    expect(typingErrors('shots', 'shots')).toBe(0)
    expect(typingErrors('shot', 'shots')).toBe(1)
    expect(typingErrors('sohts', 'shots')).toBe(1)
    expect(typingErrors('', 'abc')).toBe(3)
  })

  test('is the word itself when it is there, and nothing when all are far away', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), (words) => {
        expect(nearest(words[0]!, words)).toBe(words[0])
      }),
    )
    expect(nearest('zzzzzz', ['import', 'list'])).toBeUndefined()
  })
})
