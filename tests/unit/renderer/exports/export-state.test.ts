import { describe, expect, it } from 'vitest'
import type { Run } from '#shared/schemas/run-record'
import { RunConfig } from '#shared/schemas/run'
import {
  exportFiles,
  exportObstacle,
  loaderCode,
} from '../../../../src/renderer/src/components/exports/export-state.ts'

const run = (changes: Partial<Run>) =>
  ({
    kind: 'search-and-train',
    status: 'finished',
    accuracy: 0.6,
    config: RunConfig.parse({}),
    ...changes,
  }) as Run

describe('what can be exported', () => {
  it('is trained prompts only, with the reason otherwise', () => {
    expect(exportObstacle(run({}))).toBeNull()
    expect(exportObstacle(run({ kind: 'zero-shot' }))).toBe('zero-shot')
    expect(exportObstacle(run({ kind: 'search' }))).toBe('search')
    expect(exportObstacle(run({ status: 'running', accuracy: null }))).toBe('unfinished')
  })

  it('has a record of alpha only where there was a search, for the branches with prompts', () => {
    expect(exportFiles(run({}))).toContain('alpha-text.npy')
    expect(exportFiles(run({ kind: 'train' })).filter((file) => file.endsWith('.npy'))).toEqual([])
    const textOnly = run({ config: RunConfig.parse({ branches: ['text'] }) })
    expect(exportFiles(textOnly).filter((file) => file.endsWith('.npy'))).toEqual(['alpha-text.npy'])
  })
})

it('writes the folder into the code as a string, whatever is in its name', () => {
  expect(loaderCode('/a "b"\\c')).toContain('load("/a \\"b\\"\\\\c", "path/to/clip")')
})
