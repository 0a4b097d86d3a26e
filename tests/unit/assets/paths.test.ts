import { join, normalize, sep } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeParts } from '#main/assets/paths'

test('what is written plainly is read as it is', () => {
  expect(safeParts('/a%20b/%C3%BC%23%3F%25.png')).toEqual(['a b', 'ü#?%.png'])
  expect(safeParts('/a/..b/.c/...')).toEqual(['a', '..b', '.c', '...'])
})

test.each([
  '',
  'a',
  '/',
  '//',
  '/a/',
  '/a//b',
  '/.',
  '/..',
  '/a/../b',
  '/%2e%2e/b',
  '/.%2e/b',
  '/a%2fb',
  '/a%2Fb',
  '/a%5cb',
  '/a\\b',
  '/a%00',
  '/%',
  '/%zz',
  '/%c0%ae',
  '/%ff',
])('%j leads nowhere', (pathname) => {
  expect(safeParts(pathname)).toBe(null)
})

test('however it is written, it leads down', () => {
  const piece = fc.constantFrom(
    '..',
    '.',
    '/',
    '\\',
    '%2e',
    '%2f',
    '%5c',
    '%00',
    '%25',
    'a',
    'b.png',
    '\0',
    'C:',
  )
  const written = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(written, (text) => {
      const parts = safeParts(`/${text}`)
      if (parts === null) return
      expect(parts.length).toBeGreaterThan(0)
      expect(normalize(join('/root', ...parts)).split(sep)).toEqual(['', 'root', ...parts])
    }),
    { numRuns: 2_000 },
  )
})
