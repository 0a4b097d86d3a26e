import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TaskProgress } from '#shared/schemas/task'
import { pythonIndexHosts } from '#main/runtime/hosts'
import type { InstallRequest } from '#main/runtime/install'
import { packFolder } from '#main/runtime/packs'
import { createRuntimes, type RuntimesParts } from '#main/services/runtimes'
import { createTasks } from '#main/services/tasks'
import { emptyPack } from '../../support/empty-pack.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let dataFolder: string
const renew = vi.fn(() => Promise.resolve())

beforeEach(() => {
  dataFolder = temporaryFolder()
  vi.stubEnv('DPLSTUDIO_RUNTIME', '')
  renew.mockClear()
})
afterEach(() => void vi.unstubAllEnvs())

function start({
  network = 'off',
  busy = false,
  install = (request) => Promise.resolve(emptyPack(packFolder(dataFolder, request.pack))),
}: {
  network?: 'off' | 'allowed'
  busy?: boolean
  install?: NonNullable<RuntimesParts['install']>
} = {}) {
  const progress: TaskProgress[] = []
  const tasks = createTasks({
    emit: (name, payload) => {
      if (name === 'task/progress') progress.push(payload as TaskProgress)
    },
  })
  const job = busy ? ({ kind: 'describe', id: '1' } as const) : null
  const runtimes = createRuntimes({
    dataFolder,
    engine: { state: () => ({ pid: 1, job, starting: false }), renew },
    settings: { get: () => ({ network }) as never },
    tasks,
    install,
  })
  return { tasks, progress, runtimes }
}

const cpu = { pack: 'cpu', consent: false, reinstall: false } as const

async function ended({ tasks }: ReturnType<typeof start>, id: string) {
  while (tasks.get(id).status === 'running') await sleep(5)
  return tasks.get(id)
}

describe('runtime/list', () => {
  test('tells which packs there are, how large they are and whom they come from', () => {
    const { runtimes } = start()
    const packs = runtimes.list()
    expect(packs.map(({ name }) => name)).toEqual(['cpu', 'cuda12', 'official'])
    for (const pack of packs) expect(pack).toMatchObject({ installed: false, inUse: false, sizeBytes: null })
    if (process.platform !== 'linux' || process.arch !== 'x64') return
    expect(packs[0]!.downloadBytes).toBe(273_829_956)
    expect(packs.every(({ hosts }) => hosts.length > 0)).toBe(true)
  })

  test('takes the size of an installed pack from its record, and marks the one in use', () => {
    const folder = packFolder(dataFolder, 'cpu')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'a'), '12345')
    emptyPack(folder, { files: [{ path: 'a', bytes: 5, sha256: '' }] })
    emptyPack(packFolder(dataFolder, 'official'), { pack: 'official' })
    vi.stubEnv('DPLSTUDIO_RUNTIME', folder)
    const [first, , last] = start().runtimes.list()
    expect(first).toMatchObject({ installed: true, inUse: true, sizeBytes: 5 })
    expect(last).toMatchObject({ installed: true, inUse: false })
  })

  test('names what is wrong with a damaged pack', () => {
    emptyPack(packFolder(dataFolder, 'cpu'), { files: [{ path: 'a', bytes: 5, sha256: '' }] })
    expect(start().runtimes.list()[0]).toMatchObject({
      installed: false,
      obstacle: expect.stringContaining('missing') as string,
    })
  })

  test('asks the mirror that pip is set up for', () => {
    const conf = join(temporaryFolder(), 'pip.conf')
    writeFileSync(conf, '[global]\nindex-url = https://mirror.example/simple\n')
    expect(pythonIndexHosts({}, [conf])).toEqual(['mirror.example'])
    expect(pythonIndexHosts({ PIP_INDEX_URL: 'http://other.example/' }, [conf])).toEqual(['other.example'])
    expect(pythonIndexHosts({}, [])).toEqual(['the public Python package index'])
  })
})

describe('runtime/install', () => {
  test.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'fetches nothing while the network is off, and says what would come from where',
    () => {
      const install = vi.fn()
      const { runtimes } = start({ install })
      expect(() => runtimes.install(cpu)).toThrow(
        expect.objectContaining({
          code: 'network-off',
          message: expect.stringMatching(/0\.3 GB would come from \S+/) as string,
          hint: expect.stringMatching(/Allow the network.*folder/) as string,
        }),
      )
      expect(install).not.toHaveBeenCalled()
    },
  )

  test.each([
    ['where the network is allowed', { network: 'allowed' } as const, cpu],
    ['after consent', {}, { ...cpu, consent: true }],
    ['from files', {}, { ...cpu, from: '/stick' }],
  ])('installs %s, and the next engine uses it', async (_, parts, input) => {
    const started = start(parts)
    const task = await ended(started, started.runtimes.install(input).id)
    expect(task.outcome).toMatchObject({ kind: 'runtime-install', pack: { name: 'cpu', installed: true } })
    expect(renew).toHaveBeenCalled()
  })

  test('tells bytes and the time left, and every step', async () => {
    const started = start({
      install: async ({ onProgress, pack }: InstallRequest) => {
        for (const done of [0, 25, 50]) {
          onProgress?.({ step: 'fetch', text: 'Fetching', done, total: 100 })
          await sleep(60)
        }
        onProgress?.({ step: 'fetch', text: 'Fetching', done: 51, total: 100 })
        onProgress?.({ step: 'compile', text: 'Compiling' })
        emptyPack(packFolder(dataFolder, pack))
      },
    })
    await ended(started, started.runtimes.install({ ...cpu, consent: true }).id)
    const last = started.progress.filter(({ message }) => message === 'Fetching').at(-1)!
    expect(last.total).toBe(100)
    expect(last.secondsLeft).toBeGreaterThan(0)
    expect(last.secondsLeft).toBeLessThan(5)
    expect(started.progress.at(-1)).toMatchObject({ message: 'Compiling', total: null })
  })

  test('can be cancelled', async () => {
    const started = start({
      install: ({ signal }: InstallRequest) =>
        new Promise((_, reject) =>
          signal!.addEventListener('abort', () => reject(signal!.reason as Error), { once: true }),
        ),
    })
    const { id } = started.runtimes.install({ ...cpu, consent: true })
    await sleep(10)
    started.tasks.cancel(id)
    expect((await ended(started, id)).status).toBe('cancelled')
  })
})

describe('runtime/remove', () => {
  const installed = () => {
    const folder = emptyPack(packFolder(dataFolder, 'cpu'))
    vi.stubEnv('DPLSTUDIO_RUNTIME', folder)
    return folder
  }

  test('ends an idle engine first', async () => {
    const folder = installed()
    await start().runtimes.remove({ pack: 'cpu' })
    expect(renew).toHaveBeenCalled()
    expect(existsSync(folder)).toBe(false)
  })

  test('leaves the pack of an engine at work where it is', async () => {
    const folder = installed()
    await expect(start({ busy: true }).runtimes.remove({ pack: 'cpu' })).rejects.toMatchObject({
      code: 'locked',
      hint: expect.stringContaining('pause') as string,
    })
    expect(existsSync(folder)).toBe(true)
  })

  test('removes another pack also while the engine is at work', async () => {
    installed()
    const other = emptyPack(packFolder(dataFolder, 'official'), { pack: 'official' })
    await start({ busy: true }).runtimes.remove({ pack: 'official' })
    expect(existsSync(other)).toBe(false)
  })

  test('has nothing to do for a pack that is not there', async () => {
    await expect(start().runtimes.remove({ pack: 'official' })).rejects.toMatchObject({ code: 'not-found' })
  })
})
