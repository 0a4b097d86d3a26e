import { describe, expect, test } from 'vitest'
import {
  bestTemplates,
  datasetTemplates,
  defaultTemplate,
  ensembleTemplates,
  fillTemplate,
  isTemplate,
} from '#main/engine/data/templates'

describe('fillTemplate', () => {
  test('writes the class name where the template has a place for it', () => {
    expect(fillTemplate('a photo of a {}, a type of pet.', 'beagle')).toBe(
      'a photo of a beagle, a type of pet.',
    )
  })

  test('reads underscores in class names as spaces', () => {
    expect(fillTemplate(defaultTemplate, 'american_pit_bull_terrier')).toBe(
      'a photo of a american pit bull terrier.',
    )
  })

  test('takes class names literally', () => {
    expect(fillTemplate('{} and {}', "$& $1 $' {}")).toBe("$& $1 $' {} and $& $1 $' {}")
  })
})

describe('lists of templates', () => {
  test('the ensemble is the sixty of the released code, read out at "itap of the {}."', () => {
    expect(ensembleTemplates).toHaveLength(60)
    expect(new Set(ensembleTemplates).size).toBe(60)
    expect(ensembleTemplates[0]).toBe('a photo of a {}.')
    expect(ensembleTemplates[1]).toBe('a bad photo of a {}.')
    expect(ensembleTemplates[59]).toBe('itap of the {}.')
  })

  test('every template has a place for the class name', () => {
    const all = Object.values(datasetTemplates).flatMap(({ template, front }) => [template, front])
    for (const template of [...all, ...ensembleTemplates, ...bestTemplates])
      expect(isTemplate(template)).toBe(true)
  })

  test('all eleven data sets have theirs', () => {
    expect(Object.keys(datasetTemplates)).toHaveLength(11)
    expect(datasetTemplates['OxfordPets']).toEqual({
      template: 'a photo of a {}, a type of pet.',
      front: 'a type of pet, a photo of a {}.',
    })
  })
})
