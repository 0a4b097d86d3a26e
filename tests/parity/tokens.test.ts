import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readTokenizer } from '#main/engine/clip/side-files'
import { cleanText } from '#main/engine/clip/text-cleaning'

interface Recorded {
  text: string
  openai: number[]
  transformers?: number[]
}
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/tokens.json'), 'utf8'),
) as Recorded[]
const { content: tokenizer } = readTokenizer(join(tmpdir(), 'no-such-folder'), {
  textPositions: 77,
  vocabularySize: 49408,
  endOfTextId: null,
})

/** Wrongly decoded text, which ftfy guesses at and we do not. */
const misread = ['cafÃ©', 'â€œquotedâ€\x9d', 'ï»¿x', 'schÃ¶n']

/** Spells out a special token. open_clip renamed them; to OpenAI and transformers they are one token each. */
const isSpecial = (text: string) => /<\|(start|end)oftext\|>/i.test(text)

/** CLIP reads a text up to its first end token. */
const upToEnd = (ids: number[]) => ids.slice(0, ids.indexOf(49407) + 1)

describe('the tokenizer with the vocabulary of OpenAI', () => {
  test.each([
    ['a photo of a', [320, 1125, 539, 320]],
    ['beagle.', [30044, 269]],
    ['itap of the beagle.', [529, 2728, 539, 518, 30044, 269]],
    ['a type of pet, a photo of a', [320, 3877, 539, 3703, 267, 320, 1125, 539, 320]],
  ])('%j', (text, ids) => expect(tokenizer.encode(text)).toEqual([49406, ...ids, 49407]))

  test('gives the ids of OpenAI and open_clip', () => {
    const texts = recorded.filter(({ text }) => !misread.includes(text) && !isSpecial(text))
    expect(texts.length).toBeGreaterThan(300)
    expect(texts.map(({ text }) => [text, tokenizer.encode(text)])).toEqual(
      texts.map(({ text, openai }) => [text, openai]),
    )
  })

  test('differs from open_clip exactly where text was wrongly decoded', () => {
    const differing = recorded.filter(
      ({ text, openai }) => !isSpecial(text) && tokenizer.encode(text).join() !== openai.join(),
    )
    expect(differing.map(({ text }) => text)).toEqual(misread)
  })

  test('gives the ids of transformers up to the first end token, where its cleaning changes nothing', () => {
    // transformers lower-cases letter by letter and knows no Greek final sigma.
    const alike = recorded.filter(
      ({ text }) => cleanText(text) === simplyCleaned(text) && !/Σ|ENDOFTEXT/.test(text),
    )
    expect(alike.length).toBeGreaterThan(280)
    expect(alike.map(({ text }) => [text, tokenizer.encode(text)])).toEqual(
      alike.map(({ text, openai, transformers = openai }) => [text, upToEnd(transformers)]),
    )
  })

  /** All that transformers does to a text. */
  function simplyCleaned(text: string): string {
    const collapsed = text.normalize('NFC').replace(/[^\S\ufeff]+/g, ' ')
    return collapsed.replace(/^ | $/g, '').toLowerCase()
  }
})
