import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { packFolder } from '#main/runtime/packs'
import { createWorkshop, type Workshop } from '../../support/application.ts'
import { dplstudioIn } from '../../support/command-line.ts'
import type { FakeEngine } from '../../support/engines.ts'
import { emptyPack } from '../../support/empty-pack.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
  vi.stubEnv('DPLSTUDIO_RUNTIME', emptyPack(join(workshop.folder, 'pack')))
})
afterEach(async () => {
  await workshop.end()
  vi.unstubAllEnvs()
})

const dplstudio = (words: string[], engine: FakeEngine = {}) => dplstudioIn(workshop, words, { engine })

describe('check', () => {
  test('reports on machine and engine, also while another process owns the data folder', async () => {
    workshop.start()
    const { code, stdout } = await dplstudio(['check'])
    expect(code).toBe(0)
    for (const line of [
      /^System +\S/m,
      /^Runtime +cpu: TensorFlow/m,
      /^GPU +not used: \S/m,
      /^Engine +fake on CPU/m,
    ])
      expect(stdout).toMatch(line)
    expect(stdout).toMatch(/^Self-test +passed: multiplication/m)
  })

  test('ends with the status of what keeps the engine from working, and says what that is', async () => {
    const { code, stdout } = await dplstudio(['check', '--json'], { mode: 'fail' })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      engine: null,
      problem: { code: 'bad-file', hint: 'Copy them again.' },
      passed: false,
    })
    expect((await dplstudio(['check'], { mode: 'fail' })).stdout).toContain(
      'does not start: The weights are truncated',
    )
  })

  test('works without any pack', async () => {
    vi.stubEnv('DPLSTUDIO_RUNTIME', '')
    const { stdout } = await dplstudio(['check'])
    expect(stdout).toMatch(/^Runtime +No usable TensorFlow runtime .*Install one/m)
  })
})

describe('runtime', () => {
  test('lists packs', async () => {
    const { code, stdout } = await dplstudio(['runtime', 'list'])
    expect(code).toBe(0)
    expect(stdout.match(/^(cpu|cuda12|official) /gm)).toHaveLength(3)
  })

  test('gives a pack that is there, also while another process owns the data folder', async () => {
    workshop.start()
    const folder = emptyPack(packFolder(workshop.data, 'cpu'))
    const { code, stdout } = await dplstudio(['runtime', 'install', 'cpu'])
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `cpu is installed: TensorFlow 2.21.0, binding 4.22.0\n${folder}\n`,
    })
  })

  test('fetches no gigabytes that nobody has agreed to', async () => {
    const { code, stderr } = await dplstudio(['runtime', 'install', 'cuda12'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/3\.3 GB would have to be fetched\.\n.*--yes/)
    expect(existsSync(packFolder(workshop.data, 'cuda12'))).toBe(false)
  })

  test('names every file that is missing from the ones brought', async () => {
    const { code, stderr } = await dplstudio(['runtime', 'install', 'cpu', '--from', workshop.folder])
    expect(code).toBe(1)
    expect(stderr).toContain('tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl')
  })

  test('answers a misspelt name with the right one', async () => {
    const { code, stderr } = await dplstudio(['runtime', 'install', 'cuda'])
    expect(code).toBe(2)
    expect(stderr).toContain('cuda12')
  })
})
