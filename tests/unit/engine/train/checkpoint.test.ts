import '../../../support/tensorflow.ts'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import { createSearchState } from '#main/engine/prompts/supprompt'
import { searchStart } from '#main/engine/search/search-stage'
import { loadCheckpoint, saveCheckpoint } from '#main/engine/train/checkpoint'
import { searchConfig } from '../../../support/step-fixtures.ts'

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'))
afterAll(() => rmSync(folder, { recursive: true }))

const shapes = { text: { depth: 2, width: 8 }, image: { depth: 2, width: 8 } }
const fresh = () => searchStart(createSearchState(shapes, searchConfig({ alphaOptimizer: 'adam' }), 1))
const owner = { runId: 'run-1', stage: 'search' } as const

describe('a checkpoint', () => {
  const path = join(folder, 'checkpoint.safetensors')
  const saved = {
    ...fresh(),
    epoch: 3,
    step: 7,
    totals: { ...fresh().totals, trainLoss: 0.1 + 0.2, seconds: 1 / 3 },
  }

  test('gives back every number as it was', async () => {
    await saveCheckpoint(path, owner, saved)
    const loaded = await loadCheckpoint(path, owner, fresh())
    expect(loaded).toMatchObject({ epoch: 3, step: 7, totals: saved.totals })
    for (const [name, tensor] of Object.entries(saved.state)) {
      expect(loaded!.state[name]!.shape).toEqual(tensor.shape)
      expect(loaded!.state[name]!.dataSync()).toEqual(tensor.dataSync())
    }
  })

  test('of another stage is no place to start from', async () => {
    expect(await loadCheckpoint(path, { ...owner, stage: 'train' }, fresh())).toBeNull()
    expect(await loadCheckpoint(join(folder, 'none'), owner, fresh())).toBeNull()
  })

  test('of another run or of another shape is refused with what was found', async () => {
    await expect(loadCheckpoint(path, { ...owner, runId: 'run-2' }, fresh())).rejects.toMatchObject({
      code: 'bad-file',
    })
    const other = searchStart({ ...fresh().state, 'text.alpha': tf.zeros([2, 4]) })
    await expect(loadCheckpoint(path, owner, other)).rejects.toThrow('text.alpha [2, 4]')
  })

  test('cut short anywhere is refused, never half used', async () => {
    const bytes = readFileSync(path)
    for (const length of [0, 4, 8, 100, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const cut = join(folder, 'cut.safetensors')
      writeFileSync(cut, bytes.subarray(0, length))
      await expect(loadCheckpoint(cut, owner, fresh())).rejects.toMatchObject({ code: 'bad-file' })
    }
  })
})
