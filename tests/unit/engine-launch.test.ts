import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { engineLaunch } from '#main/engine-launch'
import { writeJson } from '#main/files'
import { settingsFile } from '#main/services/settings'
import { emptyPack } from '../support/empty-pack.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A data folder, and a pack chosen by the environment. */
function prepare(): string {
  vi.stubEnv('DPLSTUDIO_RUNTIME', emptyPack(temporaryFolder()))
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '2')
  onTestFinished(() => void vi.unstubAllEnvs())
  return temporaryFolder()
}

const visibleCards = (launch: ReturnType<typeof engineLaunch>) =>
  launch.runtime().environment['CUDA_VISIBLE_DEVICES']

test('the setting to use the processor hides every card from the next engine', () => {
  const data = prepare()
  const launch = engineLaunch(data)
  expect(visibleCards(launch)).toBe('2')
  writeJson(settingsFile(data), { device: 'cpu' })
  expect(visibleCards(launch)).toBe('-1')
  writeJson(settingsFile(data), { device: 'auto' })
  expect(visibleCards(launch)).toBe('2')
})

test('damaged settings do not keep an engine from starting', () => {
  const data = prepare()
  writeFileSync(settingsFile(data), '{')
  expect(visibleCards(engineLaunch(data))).toBe('2')
})

test('the pack is looked up at every start', () => {
  const data = prepare()
  const launch = engineLaunch(data)
  const other = emptyPack(join(data, 'other'))
  vi.stubEnv('DPLSTUDIO_RUNTIME', other)
  expect(launch.runtime().packFolder).toBe(other)
})
