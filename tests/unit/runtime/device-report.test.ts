import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { engineEnvironment } from '#main/runtime/environment'
import { staticReport } from '#main/runtime/device-report'
import { findCards, parseCards } from '#main/runtime/graphics-card'
import type { InstalledPack } from '#main/runtime/packs'
import { progressPrinter } from '#main/runtime/progress'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const card = {
  name: 'NVIDIA H100 80GB HBM3',
  memoryBytes: 81559 * 2 ** 20,
  freeBytes: 80000 * 2 ** 20,
  driver: '550.54.15',
}

function fakeNvidiaSmi(script: string): void {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'nvidia-smi'), 0o755)
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('findCards', () => {
  test('reads the answer of nvidia-smi', async () => {
    fakeNvidiaSmi('echo "NVIDIA H100 80GB HBM3, 81559, 80000, 550.54.15"')
    expect(await findCards()).toMatchObject({ cards: [card], complaint: null })
  })

  test('keeps its complaint', async () => {
    fakeNvidiaSmi('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18')
    expect(await findCards()).toMatchObject({
      cards: [],
      complaint: expect.stringContaining('NVML') as string,
    })
  })

  test('leaves out lines that are no cards', () => {
    expect(parseCards('\nNo devices were found\n')).toEqual([])
    expect(parseCards('A100, [N/A], 12, 550.1\n')).toEqual([
      { name: 'A100', memoryBytes: 0, freeBytes: 12 * 2 ** 20, driver: '550.1' },
    ])
  })
})

describe('staticReport', () => {
  test('describes a machine without a pack, and says what is missing', async () => {
    vi.stubEnv('DPLSTUDIO_RUNTIME', '')
    onTestFinished(() => void vi.unstubAllEnvs())
    const report = await staticReport(join(temporaryFolder(), 'not', 'there'))
    expect(report.pack).toBeNull()
    expect(report.packProblem?.code).toBe('runtime-missing')
    expect(report.processor.cores).toBeGreaterThan(0)
    expect(report.disk.free).toBeGreaterThan(0)
    expect(report.memory.available).toBeLessThanOrEqual(report.memory.total)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })
})

test('engineEnvironment keeps what the user has set', () => {
  const pack = { name: 'cpu', folder: '/nowhere', record: { libraryPath: [] } } as unknown as InstalledPack
  expect(engineEnvironment(pack, { TF_FORCE_GPU_ALLOW_GROWTH: 'false', OTHER: '1' })).toEqual({
    TF_CPP_MIN_LOG_LEVEL: '0',
    TF_FORCE_GPU_ALLOW_GROWTH: 'false',
    OTHER: '1',
  })
})

describe('progressPrinter', () => {
  const print = (isTTY: boolean) => {
    const written: string[] = []
    const stream = { isTTY, write: (text: string) => written.push(text) }
    let time = 0
    const tell = progressPrinter(stream, () => (time += 50))
    for (let done = 0; done <= 100; done++)
      tell({ step: 'fetch', text: 'Fetching', done: done * 1e6, total: 1e8 })
    tell({ step: 'compile', text: 'Compiling' })
    tell({ step: 'finish', text: 'Installed' })
    return written
  }

  test('writes few lines into a log', () => {
    expect(print(false)).toEqual([
      ...[0, 25, 50, 75, 100].map((done) => `Fetching  ${done} MB of 100 MB\n`),
      'Compiling\n',
      'Installed\n',
    ])
  })

  test('keeps one line up to date in a terminal', () => {
    const written = print(true)
    expect(written.length).toBeGreaterThan(20)
    expect(written.filter((text) => text.startsWith('\n'))).toEqual(['\nCompiling\x1b[K', '\nInstalled\n'])
  })
})
