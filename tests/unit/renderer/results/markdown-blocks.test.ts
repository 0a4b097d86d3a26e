import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainText } from '#main/run-card'
import {
  markdownBlocks,
  type Block,
} from '../../../../src/renderer/src/components/results/markdown-blocks.ts'

const only = (markdown: string): Block => {
  const blocks = markdownBlocks(markdown)
  expect(blocks).toHaveLength(1)
  return blocks[0]!
}

describe('the structure of a run card', () => {
  it('knows headings, paragraphs, lists, tables and code', () => {
    const kinds = markdownBlocks(
      '# Title\n\nOne\ntwo\n\n- a\n- b\n\n0. zero\n1. one\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```python\nx = 1\n```\n',
    )
    expect(kinds.map(({ kind }) => kind)).toEqual(['heading', 'paragraph', 'list', 'list', 'table', 'code'])
    expect(kinds[1]).toMatchObject({ text: [{ text: 'One two', style: 'plain' }] })
    expect(kinds[3]).toMatchObject({ ordered: true, start: 0 })
    expect(kinds[4]).toMatchObject({ rows: [[[{ text: '1' }], [{ text: '2' }]]] })
    expect(kinds[5]).toEqual({ kind: 'code', text: 'x = 1' })
  })

  it('knows strong text and code within a line', () => {
    expect(only('**These prompts** in `config.json`.')).toEqual({
      kind: 'paragraph',
      text: [
        { text: 'These prompts', style: 'strong' },
        { text: ' in ', style: 'plain' },
        { text: 'config.json', style: 'code' },
        { text: '.', style: 'plain' },
      ],
    })
  })

  it('shows names as they were, whatever the card did to keep them from being markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const shown = name
          .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
          .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
        fc.pre(shown.trim() !== '')
        const block = only(`# ${plainText(name)}`)
        const text = block.kind === 'heading' ? block.text.map((piece) => piece.text).join('') : block.kind
        expect(text.trim()).toBe(shown.trim())
      }),
    )
  })

  it('ends, and loses no text, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('#', '|', '`', '*', '-', ' ', '\n', 'a', '1', '.', '\\') }),
        (text) => {
          const blocks = markdownBlocks(text)
          const letters = JSON.stringify(blocks).replace(/"kind":"[a-z]+"|"style":"[a-z]+"|"[a-z]+":/g, '')
          expect(letters.split('a').length).toBeGreaterThanOrEqual(
            Math.min(1, text.split('\n').filter((line) => /^a/.test(line)).length),
          )
        },
      ),
    )
  })
})
