import { mkdtempSync, rmSync, truncateSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readAnswers, writeAnswers, type StoredAnswer } from '#main/answers-file'
import { answersFile } from '#main/run-folder'
import { createAnswers, select } from '#main/services/answers'

const folder = mkdtempSync(join(tmpdir(), 'answers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const answer = (label: number, predicted: number, probability: number): StoredAnswer => ({
  path: `${label}/${probability}.png`,
  label,
  predicted,
  top: [{ label: predicted, probability }],
})

describe('files of answers', () => {
  const path = join(folder, 'answers.csv')

  test('come back as they were written, whatever the pictures are called', () => {
    const answers = fc.array(
      fc.record({
        path: fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed()),
        label: fc.nat(1000),
        predicted: fc.nat(1000),
        top: fc.array(
          fc.record({ label: fc.nat(1000), probability: fc.nat(1_000_000).map((n) => n / 1e6) }),
          { maxLength: 5 },
        ),
      }),
    )
    fc.assert(
      fc.property(answers, (written) => {
        writeAnswers(path, written)
        expect(readAnswers(path)).toEqual(written)
      }),
      { numRuns: 25 },
    )
  })

  test('that were cut short are refused, and those that are not there are none', () => {
    writeAnswers(path, [answer(0, 1, 0.5), answer(1, 1, 0.5)])
    for (const less of [1, 5, 20]) {
      truncateSync(path, statSync(path).size - less)
      expect(() => readAnswers(path)).toThrow(expect.objectContaining({ code: 'bad-file' }))
    }
    expect(readAnswers(join(folder, 'none.csv'))).toBeNull()
  })
})

describe('answers to test images', () => {
  const zeroShot = [answer(0, 1, 0.9), answer(0, 0, 0.8), answer(1, 1, 0.7), answer(1, 0, 0.6)]
  const trained = [answer(0, 0, 0.5), answer(0, 1, 0.95), answer(1, 1, 0.7), answer(1, 0, 0.8)]
  const all = { order: 'as-listed', offset: 0, limit: 100 } as const
  const indices = (query: Partial<Parameters<typeof select>[2]>) =>
    select(trained, zeroShot, { ...all, ...query }).images.map(({ index }) => index)

  test('are found by a cell of the confusion matrix', () => {
    expect(indices({ label: 0, predicted: 1 })).toEqual([1])
    expect(indices({ label: 1 })).toEqual([2, 3])
  })

  test('are found by what became of the zero-shot answer', () => {
    expect(indices({ only: 'mistakes' })).toEqual([1, 3])
    expect(indices({ only: 'fixed' })).toEqual([0])
    expect(indices({ only: 'broken' })).toEqual([1])
    expect(select(trained, zeroShot, all).images.map((image) => image.zeroShotPredicted)).toEqual([
      1, 0, 1, 0,
    ])
  })

  test('are ordered by confidence and paged with their whole number', () => {
    expect(indices({ order: 'most-confident' })).toEqual([1, 3, 2, 0])
    expect(indices({ order: 'least-confident' })).toEqual([0, 2, 3, 1])
    const page = select(trained, zeroShot, { ...all, offset: 1, limit: 2 })
    expect(page).toMatchObject({ total: 4, images: [{ index: 1 }, { index: 2 }] })
  })

  test('that were not kept are not found, and a file that was replaced is read again', () => {
    const run = join(folder, 'run')
    const kept = createAnswers()
    const ask = (only?: 'fixed') => kept.scoredImages(run, { method: 'dpl', ...all, only })
    expect(() => ask()).toThrow(expect.objectContaining({ code: 'not-found' }))
    writeAnswers(answersFile(run, 'dpl'), trained)
    expect(ask().images.map(({ zeroShotPredicted }) => zeroShotPredicted)).toEqual([null, null, null, null])
    expect(() => ask('fixed')).toThrow(expect.objectContaining({ code: 'not-found' }))
    writeAnswers(answersFile(run, 'dpl'), trained.slice(0, 1))
    expect(ask().total).toBe(1)
  })
})
