import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freeName, slug, timedId } from '#main/services/names'

describe('slug', () => {
  test('is safe as a file name whatever it is made from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(slug(text)).toMatch(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/)
      }),
    )
  })

  test.each([
    ['Oxford Pets', 'oxford-pets'],
    ['../../etc/passwd', 'etc-passwd'],
    ['Blüten & Blätter', 'bluten-blatter'],
    ['🐕', 'unnamed'],
    ['', 'unnamed'],
    ['x\nrm -rf', 'x-rm-rf'],
  ])('of %j', (text, expected) => {
    expect(slug(text)).toBe(expected)
  })
})

describe('freeName', () => {
  test('counts up until nobody has it', () => {
    const taken = new Set(['pets', 'pets-2'])
    expect(freeName('pets', (name) => taken.has(name))).toBe('pets-3')
    expect(freeName('birds', (name) => taken.has(name))).toBe('birds')
  })
})

describe('timedId', () => {
  test('sorts by time and says what it is about', () => {
    const [early, late] = ['2026-01-31T14:05:00Z', '2026-02-01T09:00:00Z'].map((time) => new Date(time))
    expect(timedId('Oxford Pets', early!)).toMatch(/^20260131-1405-oxford-pets-[a-z2-9]{4}$/)
    expect(timedId('z', early!) < timedId('a', late!)).toBe(true)
    expect(timedId('a', early!)).not.toBe(timedId('a', early!))
  })
})
