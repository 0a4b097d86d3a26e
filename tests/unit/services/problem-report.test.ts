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
    datasets: () => [
      {
        id: 'patients',
        name: 'Patients',
        root: '/secret/all my scans',
        importedFrom: '/secret/all my scans',
        classes: [
          {
            name: 'melanoma',
            prompt: 'a malignant mole',
            folder: 'm',
            counts: { train: 1, validation: 1, test: 1 },
          },
        ],
      },
    ],
  })
}

const failed = (id: string, createdAt: string): Partial<Run> => ({
  id,
  name: id,
  kind: 'search',
  status: 'failed',
  createdAt,
  datasetName: 'Patients',
  error: { code: 'diverged', message: `${id} diverged on ${createdAt}` },
})

test('names version, failures from the newest on, and the end of the log', () => {
  const text = report(
    [failed('old', '2026-01-01'), failed('new', '2026-02-01')],
    `${'x'.repeat(20_000)}\nlast words\n`,
  )
  expect(text).toContain('DPL Studio 1.2.3')
  expect(text.indexOf('<run> diverged on 2026-02-01')).toBeLessThan(
    text.indexOf('<run> diverged on 2026-01-01'),
  )
  expect(text).toContain('<run> diverged on 2026-01-01')
  expect(text).toContain('last words')
  expect(text.length).toBeLessThan(12_000)
})

test('holds neither the folders of the user nor the names of their data', () => {
  const message =
    'Cannot read "/secret/all my scans/melanoma/Ann Smith.png": class Melanoma, in 20260101-patients-ab (/mnt/usb/x y)'
  const run = {
    ...failed('20260101-patients-ab', '2026-01-01'),
    error: { code: 'bad-file' as const, message },
  }
  const text = report([run], `cannot open ${homedir()}/private\nof "a malignant mole" at /elsewhere/file.png`)
  expect(text).toContain('bad-file: Cannot read "<path>"')
  for (const secret of ['secret', 'scans', 'melanoma', 'smith', 'patients', 'malignant', 'usb', 'elsewhere'])
    expect(text.toLowerCase()).not.toContain(secret)
  expect(text).not.toContain(homedir())
})

test('keeps what helps: places of the data folder, and plain words', () => {
  const text = report(
    [],
    `libtensorflow at ${homedir()}/data/runtime/cpu/lib failed: 3/4 done, see https://example.org/x`,
  )
  expect(text).toContain('~/data/runtime/cpu/lib failed: 3/4 done')
})
