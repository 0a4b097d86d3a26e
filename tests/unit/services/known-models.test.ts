import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Task } from '#shared/schemas/task'
import { createKnownModels } from '#main/services/known-models'
import type { Models } from '#main/services/models'
import { createSettings } from '#main/services/settings'
import { createTasks } from '#main/services/tasks'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-models-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function create(models: Partial<Models> = { list: () => [] }) {
  const ended: Task[] = []
  const tasks = createTasks({
    emit: (name, payload) => name === 'task/changed' && ended.push(payload as Task),
  })
  const settings = createSettings({ file: join(folder, 'settings.json'), emit: () => undefined })
  const source = 'http://127.0.0.1:9'
  const known = createKnownModels({ dataFolder: folder, models: models as Models, settings, tasks, source })
  return { known, settings, tasks, ended }
}

describe('known weights', () => {
  test('say host, size, checksum and licence before anything is fetched', () => {
    for (const model of create().known.list()) {
      expect(model.url).toContain(model.sha256)
      expect(model).toMatchObject({ licence: 'MIT', registeredAs: null, partialBytes: 0 })
      expect(model.sha256).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  test('are not fetched while the network is off, and the refusal names both ways out', () => {
    const { known, tasks } = create()
    const refusal = (() => {
      try {
        known.download({ id: 'openai-vit-b-16' })
      } catch (thrown) {
        return thrown
      }
    })()
    expect(refusal).toMatchObject({ code: 'network-off' })
    expect((refusal as { hint: string }).hint).toMatch(/Settings.*5806e77c/)
    expect(tasks.list()).toEqual([])
    expect(existsSync(join(folder, 'downloads'))).toBe(false)
  })

  test('fail with a remedy where the network is allowed and does not answer', async () => {
    const { known, settings, ended } = create()
    settings.change({ network: 'allowed' })
    known.download({ id: 'openai-vit-b-16' })
    await expect.poll(() => ended.at(-1)?.status, { timeout: 10_000 }).toBe('failed')
    expect(ended.at(-1)?.error?.message).toMatch(/cannot be fetched/)
  })

  test('that are registered say so, wherever the file lies', () => {
    const digest = '5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f'
    const { known } = create({ list: () => [{ id: 'mine', digest }] as ReturnType<Models['list']> })
    expect(known.list().map(({ registeredAs }) => registeredAs)).toEqual(['mine', null])
  })

  test('are fetched once, however many ask for them', async () => {
    const { known, settings, ended } = create()
    settings.change({ network: 'allowed' })
    const first = known.download({ id: 'openai-vit-b-16' })
    expect(known.download({ id: 'openai-vit-b-16' }).id).toBe(first.id)
    await expect.poll(() => ended.at(-1)?.status, { timeout: 10_000 }).toBe('failed')
    expect(known.download({ id: 'openai-vit-b-16' }).id).not.toBe(first.id)
  })

  test('of the right name and the wrong content are not taken', async () => {
    const { known, settings, ended } = create()
    settings.change({ network: 'allowed' })
    mkdirSync(join(folder, 'models', 'weights'), { recursive: true })
    writeFileSync(join(folder, 'models', 'weights', 'ViT-B-32.pt'), 'damaged')
    known.download({ id: 'openai-vit-b-32' })
    await expect.poll(() => ended.at(-1)?.error?.message, { timeout: 10_000 }).toMatch(/cannot be fetched/)
  })
})
