import { createRequire } from 'node:module'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import * as tf from '#main/engine/tensor/tf'
import { dataFolder } from '#main/data-folder'
import { bindingFile, loadTensorFlow } from '#main/runtime/binding'
import { selfTest } from '#main/runtime/device-report'
import { findPack } from '#main/runtime/packs'
import { temporaryFolder } from '../../support/temporary-folder.ts'

// In this order: a process that has loaded one pack refuses every other.
test('names the remedy when there is no pack', () => {
  expect(() => loadTensorFlow(temporaryFolder())).toThrow(
    expect.objectContaining({
      code: 'runtime-missing',
      hint: expect.stringContaining('runtime install') as string,
    }) as Error,
  )
})

test('says that a binding does not load', () => {
  const folder = temporaryFolder()
  mkdirSync(dirname(join(folder, bindingFile)), { recursive: true })
  writeFileSync(join(folder, bindingFile), 'no library')
  expect(() => loadTensorFlow(folder)).toThrow(
    expect.objectContaining({
      code: 'engine-unavailable',
      hint: expect.stringContaining('verify') as string,
    }) as Error,
  )
})

test('loads an installed pack into the one copy of the core', async () => {
  const node = loadTensorFlow(findPack(dataFolder()).folder)
  expect(tf.getBackend()).toBe('tensorflow')
  expect(tf.engine()).toBe(node.engine())
  const required = createRequire(import.meta.url)('@tensorflow/tfjs-core') as typeof tf
  expect(required.Tensor).toBe(tf.Tensor)
  const before = tf.memory().numTensors
  expect(await selfTest(node)).toMatchObject({ backend: 'tensorflow', passed: true })
  expect(tf.memory().numTensors).toBe(before)
  expect(loadTensorFlow(findPack(dataFolder()).folder)).toBe(node)
  expect(() => loadTensorFlow(temporaryFolder())).toThrow(/already uses/)
})
