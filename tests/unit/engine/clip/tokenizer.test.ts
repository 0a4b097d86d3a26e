import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readTokenizer } from '#main/engine/clip/side-files'
import { cleanText } from '#main/engine/clip/text-cleaning'
import { createTokenizer, type TextLimits } from '#main/engine/clip/tokenizer'
import { resource } from '#main/resources'

const openAi: TextLimits = { textPositions: 77, vocabularySize: 49408, endOfTextId: null }
const small = join(import.meta.dirname, '../../../fixtures/clip/huggingface')
const smallLimits: TextLimits = { textPositions: 16, vocabularySize: 147, endOfTextId: 146 }

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'dpl-tokenizer-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('encode', () => {
  const { content: tokenizer } = readTokenizer(join(tmpdir(), 'no-such-folder'), openAi)
  const inner = (text: string) => tokenizer.encode(text).slice(1, -1)

  test('is the ids of the parts one behind the other', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/[<&]/.test(text))
    fc.assert(
      fc.property(word, word, (a, b) => {
        fc.pre(tokenizer.countTokens(`${a} ${b}`) <= 77)
        // A mark that combines with the letter before it would do so across the seam.
        fc.pre(cleanText(`${a} ${b}`) === `${cleanText(a)} ${cleanText(b)}`.trim())
        expect(inner(`${a} ${b}`)).toEqual([...inner(a), ...inner(b)])
      }),
    )
  })

  test('begins with the start, ends with the end and stays inside the vocabulary', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 15 }), (text) => {
        const ids = tokenizer.encode(text)
        expect(ids[0]).toBe(49406)
        expect(ids.indexOf(49407)).toBe(ids.length - 1)
        expect(ids.every((id) => id >= 0 && id < 49408)).toBe(true)
        expect(tokenizer.countTokens(text)).toBe(ids.length)
      }),
    )
  })

  test('ends where a text spells out the end token, because CLIP reads there', () => {
    expect(tokenizer.encode('a <|endoftext|> b')).toEqual([49406, 320, 49407])
  })

  test('reads 77 tokens and no more', () => {
    expect(tokenizer.encode('a '.repeat(75))).toHaveLength(77)
    expect(() => tokenizer.encode('a '.repeat(76))).toThrow(/78 tokens; this CLIP reads 77/)
    expect(tokenizer.countTokens('a '.repeat(76))).toBe(78)
  })
})

describe('cleanText', () => {
  test.each([
    ['Two   Spaces\n', 'two spaces'],
    ['Tom &amp;amp; Jerry', 'tom & jerry'],
    ['caf&eacute;', 'café'],
    ['it&#8217;s “so”', 'it\'s "so"'],
    ['ﬁsh ＡＢ', 'fish ab'],
    ['e\u0301', 'é'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['a\ud800b', 'a\ufffdb'],
    ['&notit; &copy2020 &#0; &#x110000; &#1;', '¬it; ©2020 \ufffd \ufffd'],
  ])('%j -> %j', (text, expected) => expect(cleanText(text)).toBe(expected))
})

describe('readTokenizer', () => {
  const merges = gunzipSync(readFileSync(resource('clip-vocabulary', 'merges.txt.gz')))

  test.each([
    ['bpe_simple_vocab_16e6.txt.gz', gzipSync(Buffer.concat([merges, Buffer.from('unused merge\n')]))],
    ['merges.txt', merges],
  ])('reads %s as OpenAI distributes it', (name, content) => {
    writeFileSync(join(folder, name), content)
    const { content: tokenizer, assumptions } = readTokenizer(folder, openAi)
    expect(tokenizer.encode('a photo of a')).toEqual([49406, 320, 1125, 539, 320, 49407])
    expect(assumptions).toEqual([])
  })

  test('prefers the files beside the weights', () => {
    const { content, assumptions } = readTokenizer(small, smallLimits)
    expect([content.sotId, content.eotId, content.textPositions]).toEqual([145, 146, 16])
    expect(assumptions).toEqual([])
  })

  test('says that it assumed the vocabulary of OpenAI', () => {
    expect(readTokenizer(folder, openAi).assumptions).toEqual([
      expect.stringContaining("OpenAI CLIP's vocabulary"),
    ])
  })

  test('asks for files when the weights have another vocabulary', () => {
    expect(() => readTokenizer(folder, smallLimits)).toThrow(/no tokenizer for the 147 tokens/)
  })

  test.each([
    ['tokenizer.json', '{"model":', /not JSON/],
    ['tokenizer.json', '[]', /not a tokenizer/],
    ['tokenizer.json', '{"model":{"type":"Nonsense"}}', /not a tokenizer/],
    ['tokenizer.json', '7', /an object expected/],
    ['merges.txt', '#version\nnot a merge\n', /line 2/],
    ['bpe_simple_vocab_16e6.txt.gz', 'not packed', /cannot be unpacked/],
  ])('refuses %s that holds %j', (name, content, message) => {
    writeFileSync(join(folder, name), content)
    expect(() => readTokenizer(folder, openAi)).toThrow(message)
  })

  test('refuses vocabularies that the weights do not know', () => {
    const tokenizer = JSON.parse(readFileSync(join(small, 'tokenizer.json'), 'utf8')) as object
    const create = (limits: Partial<TextLimits>) => () =>
      createTokenizer({ path: 'tokenizer.json', tokenizer }, { ...smallLimits, ...limits })
    expect(create({ vocabularySize: 100 })).toThrow(/largest id is 146, the weights know 100/)
    expect(create({ endOfTextId: 5 })).toThrow(/ends texts with token 146, the weights expect token 5/)
    expect(create({ endOfTextId: null })).not.toThrow()
  })

  test('fails with AppError alone on a changed tokenizer.json', () => {
    const whole = readFileSync(join(small, 'tokenizer.json'))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const broken = Buffer.from(whole)
        broken[at] = value
        writeFileSync(join(folder, 'tokenizer.json'), broken)
        try {
          readTokenizer(folder, smallLimits)
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'AppError' })
        }
      }),
      { numRuns: 60 },
    )
  })
})
