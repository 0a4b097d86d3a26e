import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { presets } from '#shared/presets'
import type { ExportParts } from '#main/engine/export/export-folder'
import { describeRun } from '#main/engine/export/run-card'
import { plainText } from '#main/run-card'
import { exampleParts } from '../../../support/export-example.ts'

const folder = mkdtempSync(join(tmpdir(), 'run-card-'))
afterAll(() => rmSync(folder, { recursive: true }))

const card = (changes: Partial<ExportParts> = {}) => describeRun(exampleParts(folder, changes))

describe('describeRun', () => {
  test('counts every labelled image once, those of alpha included', () => {
    expect(card()).toContain('| images that taught the prompts | 16 |')
    expect(card()).toContain('| images that decided the context lengths | 8 |')
    expect(card()).toContain('| **labelled images used, in all** | 24 |')
  })

  test('does not count images for a search that was not run', () => {
    const { job, split } = exampleParts(folder)
    const text = card({ job: { ...job, kind: 'train' }, split: { ...split, validation: [] } })
    expect(text).toContain('| images that decided the context lengths | 0 |')
    expect(text).toContain('| **labelled images used, in all** | 16 |')
  })

  test('says how well the prompts do, on how many images', () => {
    expect(card()).toContain('| **These prompts** | 75.0 % | 75.0 % | 8 |')
    expect(card({ result: {} })).toContain('Nothing was measured.')
  })

  test('lists what differs from the paper, and nothing when nothing does', () => {
    expect(card()).toContain('| search.mixing | "block" | "attention" |')
    const { job } = exampleParts(folder)
    expect(card({ job: { ...job, config: presets.paper } })).toContain('Nowhere.')
  })

  test('shows the context length of every layer', () => {
    expect(card()).toContain('| text | 2 | 0 | 3 |')
    expect(card()).toContain('| image | 0 | 4 |  |')
  })

  test('names no folder of this machine', () => {
    expect(card()).not.toContain(folder)
  })

  test('is the same document whatever the names: same headings, same tables', () => {
    const outline = (text: string) =>
      text
        .split('\n')
        .filter((line) => /^(#|\||```)/.test(line))
        .map((line) => line.replaceAll(/\\./g, '').replaceAll(/[^|#`]/g, ''))
    const { job } = exampleParts(folder)
    const plain = outline(card({ job: { ...job, name: 'x', dataset: { ...job.dataset, name: 'x' } } }))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const text = card({ job: { ...job, name, dataset: { ...job.dataset, name } } })
        expect(outline(text)).toEqual(plain)
      }),
    )
  })
})

describe('plainText', () => {
  test('leaves nothing that Markdown or HTML would act on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bare = plainText(text).replaceAll(/\\[!-/:-@[-`{-~]|&amp;|&lt;/g, '')
        expect(bare).not.toMatch(/[\\`*_{}[\]<>&#|~!$:@\p{Cc}\u2028\u2029\u202a-\u202e]/u)
      }),
    )
  })

  test.each([
    ['- a list', '\\- a list'],
    ['1. a list', '1\\. a list'],
    ['12) a list', '12\\) a list'],
    [
      'http://example.org, www.example.org, me@example.org',
      'http\\://example.org, www\\.example.org, me\\@example.org',
    ],
    ['![x](y) <b> a & b', '\\!\\[x\\](y) &lt;b\\> a &amp; b'],
    ['a-b 1.5 (c)', 'a-b 1.5 (c)'],
  ])('writes %j as %j', (text, written) => {
    expect(plainText(text)).toBe(written)
  })

  test('keeps letters, digits and emoji', () => {
    expect(plainText('猫 Müller 7 👩‍🚀')).toBe('猫 Müller 7 👩‍🚀')
  })
})
