import { describe, expect, it } from 'vitest'
import {
  changedLabels,
  columnOf,
  editsFor,
  fillFrom,
  replaceIn,
  sentence,
  wordingErrors,
} from '../../../../src/renderer/src/components/data/prompt-draft.ts'

const saved = { template: 'a photo of a {}.', prompts: ['cat', 'dog', 'horse'] }

describe('a draft of the wording', () => {
  it('becomes one edit of all changed words, and one of the template', () => {
    const draft = { template: 'a sketch of a {}.', prompts: ['cat', ' big dog ', 'pony'] }
    expect(editsFor(saved, draft)).toEqual([
      {
        kind: 'set-prompts',
        prompts: [
          { label: 1, prompt: 'big dog' },
          { label: 2, prompt: 'pony' },
        ],
      },
      { kind: 'set-template', template: 'a sketch of a {}.' },
    ])
  })

  it('is no change where only spaces around the words differ', () => {
    expect(changedLabels(saved, { ...saved, prompts: ['cat ', 'dog', 'horse'] })).toEqual([])
    expect(editsFor(saved, saved)).toEqual([])
  })

  it('needs a place in the template and words for every class', () => {
    expect(wordingErrors({ template: 'a photo', prompts: ['cat', ' '] })).toEqual({
      template: true,
      empty: [1],
    })
  })

  it('reads as CLIP reads it, also where the words look like a pattern', () => {
    expect(sentence('a {} and a {}', 'wild_cat')).toBe('a wild cat and a wild cat')
    expect(sentence('a {}', '$&')).toBe('a $&')
    expect(replaceIn(['a_b_c'], '_', '$&')).toEqual(['a$&b$&c'])
  })
})

describe('a pasted column', () => {
  it('is the first column of a table, whatever ends its lines', () => {
    expect(columnOf('cat\t1\r\ndog\t2\r\n')).toEqual(['cat', 'dog'])
  })

  it('fills from a row on, and leaves what it has no words for', () => {
    expect(fillFrom(saved.prompts, 1, ['hound', '', 'too much'])).toEqual(['cat', 'hound', 'horse'])
  })
})
