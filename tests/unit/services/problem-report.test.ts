import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Settings } from '#shared/schemas/settings'
import type { Run } from '#shared/schemas/run-record'
import { writeProblemReport } from '#main/services/problem-report'

const folder = mkdtempSync(join(tmpdir(), 'report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function report(runs: Partial<Run>[], log: string): string {
  const engineLog = join(folder, 'engine.log')
  writeFileSync(engineLog, log)
  return writeProblemReport({
    info: {
      version: '1.2.3',
      dataFolder: join(homedir(), 'data'),
      platform: 'linux',
      sampleFolder: '/sample',
      exportFolder: '/exports',
      capabilities: { chooser: 'browse', reveal: false, upload: false },
    },
    settings: () => Settings.parse({ lastFolders: { import: '/secret/pictures' } }),
    engineStatus: () => ({
      state: 'off',
      pid: null,
      memoryBytes: null,
      deviceName: null,
      usingGpu: null,
      job: null,
    }),
    runs: () => runs as Run[],
    engineLog,
  })
}

const failed = (id: string, createdAt: string): Partial<Run> => ({
  id,
  kind: 'search',
  status: 'failed',
  createdAt,
  datasetName: 'Patients',
  error: { code: 'diverged', message: `${id} diverged` },
})

test('names version, failures from the newest on, and the end of the log', () => {
  const text = report(
    [failed('old', '2026-01-01'), failed('new', '2026-02-01')],
    `${'x'.repeat(20_000)}\nlast words\n`,
  )
  expect(text).toContain('DPL Studio 1.2.3')
  expect(text.indexOf('new diverged')).toBeLessThan(text.indexOf('old diverged'))
  expect(text).toContain('last words')
  expect(text.length).toBeLessThan(12_000)
})

test('holds neither the folders of the user nor the names of their data', () => {
  const text = report([failed('run', '2026-01-01')], `cannot open ${homedir()}/private`)
  expect(text).not.toContain(homedir())
  expect(text).not.toContain('/secret/pictures')
  expect(text).not.toContain('Patients')
})
