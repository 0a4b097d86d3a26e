import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Task } from '#shared/schemas/task'
import { takeLock } from '#main/lock-file'
import { createStorage } from '#main/services/storage'
import { createTasks } from '#main/services/tasks'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'storage-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = (...parts: string[]) => join(folder, ...parts)
function write(name: string, bytes: number): void {
  mkdirSync(dirname(path(name)), { recursive: true })
  writeFileSync(path(name), Buffer.alloc(bytes))
}

function create(placesInUse: string[] = []) {
  const waiting = new Map<string, (task: Task) => void>()
  const tasks = createTasks({
    emit: (name, payload) => {
      if (name === 'task/changed') waiting.get((payload as Task).id)?.(payload as Task)
    },
  })
  const storage = createStorage({ dataFolder: folder, tasks, placesInUse: () => placesInUse })
  const ended = (task: Task) => new Promise<Task>((resolve) => waiting.set(task.id, resolve))
  return { storage, ended }
}

describe('what the program keeps on disk', () => {
  test('every part with its bytes and files; links count as themselves', async () => {
    write('runs/a/job.json', 100)
    write('runs/b/deep/prompt.safetensors', 50)
    write('index.sqlite', 30)
    write('index.sqlite-wal', 5)
    write('elsewhere/large', 10_000)
    symlinkSync(path('elsewhere'), path('runs', 'link'))
    const { storage, ended } = create()
    const { outcome } = await ended(storage.usage())
    const parts = outcome?.kind === 'storage' ? outcome.parts : []
    const of = (name: string) => parts.find(({ part }) => part === name)
    expect(of('runs')?.files).toBe(3)
    expect(of('runs')?.bytes).toBeLessThan(1_000)
    expect(of('index')).toMatchObject({ bytes: 35, files: 2, clearable: false })
    expect(of('thumbnails')).toMatchObject({ bytes: 0, files: 0, clearable: true })
  })

  test('thumbnails go, and what they were made of stays, also behind a link', async () => {
    write('thumbnails/a.webp', 100)
    write('pictures/original.png', 500)
    symlinkSync(path('pictures'), path('thumbnails', 'link'))
    const { storage, ended } = create()
    const { outcome } = await ended(storage.clear('thumbnails'))
    expect(outcome).toMatchObject({ kind: 'storage-clear' })
    expect(existsSync(path('thumbnails', 'a.webp'))).toBe(false)
    expect(existsSync(path('pictures', 'original.png'))).toBe(true)
  })

  test('of what a browser has sent, datasets and models keep theirs, and what is being sent stays', async () => {
    write('uploads/one/cats/1.png', 100)
    write('uploads/two/1.png', 100)
    write('uploads/three/weights.pt', 100)
    for (const name of ['one', 'two', 'three']) utimesSync(path('uploads', name), 0, 0)
    write('uploads/four/1.png', 100)
    const { storage, ended } = create([
      path('uploads', 'one', 'cats'),
      path('uploads', 'three', 'weights.pt'),
    ])
    const { outcome } = await ended(storage.clear('uploads'))
    expect(outcome).toEqual({ kind: 'storage-clear', freedBytes: 100 })
    expect(existsSync(path('uploads', 'one', 'cats', '1.png'))).toBe(true)
    expect(['one', 'two', 'three', 'four'].map((name) => existsSync(path('uploads', name)))).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test('what was fetched for a runtime pack counts as a download, and stays while one is installed', async () => {
    write('runtime/cpu/lib.so', 500)
    write('runtime/downloads/wheel.whl', 70)
    write('downloads/ViT-B-16.pt.part', 30)
    const { storage, ended } = create()
    const { outcome } = await ended(storage.usage())
    const parts = outcome?.kind === 'storage' ? outcome.parts : []
    expect(parts.find(({ part }) => part === 'runtime')).toMatchObject({ bytes: 500 })
    expect(parts.find(({ part }) => part === 'downloads')).toMatchObject({ bytes: 100, files: 2 })
    const lock = takeLock(path('runtime', '.lock'), 'installing')
    expect((await ended(storage.clear('downloads'))).error?.code).toBe('locked')
    lock.release()
    expect((await ended(storage.clear('downloads'))).outcome).toMatchObject({ freedBytes: 100 })
    expect(existsSync(path('runtime', 'cpu', 'lib.so'))).toBe(true)
  })

  test('work is never cleared', () => {
    for (const part of ['runs', 'datasets', 'models', 'exports', 'index', 'runtime'] as const)
      expect(() => create().storage.clear(part)).toThrow(/cannot be made again/)
  })
})
