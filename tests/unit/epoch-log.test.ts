import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { appendEpoch, readEpochs } from '#main/epoch-log'
import type { TrainEpoch } from '#shared/schemas/run'

const folder = mkdtempSync(join(tmpdir(), 'epoch-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

const report = (epoch: number, trainLoss: number): TrainEpoch => ({
  stage: 'train',
  epoch,
  epochs: 9,
  steps: 4,
  trainLoss,
  deviationLoss: trainLoss,
  distillationLoss: null,
  trainAccuracy: 0.5,
  validationLoss: null,
  validationAccuracy: null,
  learningRate: 0.1,
  seconds: 1,
})

describe('the epoch log', () => {
  test('counts an epoch that was run twice once, as it was last', () => {
    const path = join(folder, 'twice.jsonl')
    for (const each of [report(1, 3), report(2, 2), report(2, 1.5)]) appendEpoch(path, each)
    expect(readEpochs(path)).toEqual([report(1, 3), report(2, 1.5)])
  })

  test('loses nothing to a line torn by a crash, whatever its length', () => {
    const path = join(folder, 'torn.jsonl')
    appendEpoch(path, report(1, 3))
    const whole = readFileSync(path, 'utf8')
    const line = JSON.stringify(report(2, 2))
    for (let length = 1; length < line.length; length++) {
      writeFileSync(path, whole)
      appendFileSync(path, line.slice(0, length))
      expect(readEpochs(path)).toEqual([report(1, 3)])
      appendEpoch(path, report(2, 9))
      expect(readEpochs(path)).toEqual([report(1, 3), report(2, 9)])
    }
  })

  test('of a run that has not begun is empty', () => {
    expect(readEpochs(join(folder, 'none.jsonl'))).toEqual([])
  })
})
