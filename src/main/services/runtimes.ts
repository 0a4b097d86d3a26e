import { rmSync } from 'node:fs'
import type { ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { RuntimePackInfo } from '#shared/schemas/machine'
import type { Task } from '#shared/schemas/task'
import type { EngineHost } from '#main/engine-host/engine-host'
import { fetchHosts } from '#main/runtime/hosts'
import { installPack, type InstallProgress, type InstallRequest } from '#main/runtime/install'
import { findPack, hasNvidiaDriver, listPacks, type PackState } from '#main/runtime/packs'
import type { SettingsService } from './settings.ts'
import type { TaskContext, Tasks } from './tasks.ts'

type PackName = RuntimePackInfo['name']

export interface RuntimesParts {
  dataFolder: string
  engine: Pick<EngineHost, 'state' | 'renew'>
  settings: Pick<SettingsService, 'get'>
  tasks: Tasks
  /** what installs a pack; another one in tests */
  install?: (request: InstallRequest) => Promise<unknown>
}

/** The runtime packs of a data folder. */
export function createRuntimes({
  dataFolder,
  engine,
  settings,
  tasks,
  install = installPack,
}: RuntimesParts) {
  function list(): RuntimePackInfo[] {
    const used = usedFolder(dataFolder)
    return listPacks(dataFolder).map((pack) => toInfo(pack, used))
  }

  const find = (name: PackName) => list().find((pack) => pack.name === name)!

  function mustBeAllowed(pack: RuntimePackInfo, consent: boolean): void {
    if (consent || settings.get().network === 'allowed') return
    throw new AppError(
      'network-off',
      `Runtime pack ${pack.name} is not fetched, because the network is off in the settings: ${gigabytes(pack.downloadBytes ?? 0)} would come from ${pack.hosts.join(' and ')}.`,
      {
        hint: 'Allow the network in the settings, or fetch the files on another machine and install from the folder they are in.',
      },
    )
  }

  async function installNow(
    context: TaskContext,
    { pack, from, reinstall }: ParsedInput<'runtime/install'>,
  ): Promise<RuntimePackInfo> {
    await install({
      pack,
      dataFolder,
      from,
      reinstall,
      signal: context.signal,
      onProgress: progressTeller(context),
      // Whoever allows the network or has agreed knows the size: it stands next to the button and in the question.
      confirm: () => Promise.resolve(true),
    })
    await engine.renew()
    return find(pack)
  }

  return {
    list,

    /** From files the user has brought; from the network only where that is allowed or somebody has agreed. */
    install(input: ParsedInput<'runtime/install'>): Task {
      const pack = find(input.pack)
      const isThere = pack.installed && !input.reinstall
      // One that there is not for this platform is refused for that reason.
      const isFetched = input.from === undefined && !isThere && pack.downloadBytes !== null
      if (isFetched) mustBeAllowed(pack, input.consent)
      return tasks.start('runtime-install', async (context) => ({
        kind: 'runtime-install',
        pack: await installNow(context, input),
      }))
    },

    /** An idle engine ends first; one at work keeps its pack. */
    async remove({ pack: name }: ParsedInput<'runtime/remove'>): Promise<void> {
      const pack = find(name)
      if (!pack.installed && pack.obstacle === null)
        throw new AppError('not-found', `Runtime pack ${name} is not installed.`)
      if (pack.inUse && engine.state().job !== null)
        throw new AppError(
          'locked',
          `Runtime pack ${name} cannot be removed: the engine is at work with it.`,
          {
            hint: 'Wait for the end of the run, or pause it, and remove the pack then.',
          },
        )
      if (pack.inUse) await engine.renew()
      rmSync(pack.folder, { recursive: true, force: true })
    },
  }
}

export type Runtimes = ReturnType<typeof createRuntimes>

function toInfo(pack: PackState, used: string | null): RuntimePackInfo {
  const { name, title, available, downloadBytes, folder, installed } = pack
  return {
    name,
    description: title,
    installed: installed !== null,
    inUse: installed !== null && folder === used,
    folder,
    sizeBytes: installed?.record.files.reduce((sum, { bytes }) => sum + bytes, 0) ?? null,
    downloadBytes: available ? downloadBytes : null,
    hosts: fetchHosts(name),
    obstacle: obstacleOf(pack),
  }
}

function obstacleOf({ name, available, problem }: PackState): string | null {
  if (problem !== null) return problem
  if (!available) return 'There is no such pack for this system and processor.'
  return name === 'cuda12' && !hasNvidiaDriver()
    ? 'It needs an NVIDIA card with its driver, which is not here.'
    : null
}

/** Folder of the pack that the next engine gets. */
function usedFolder(dataFolder: string): string | null {
  try {
    return findPack(dataFolder).folder
  } catch {
    return null
  }
}

/** An installation's steps as a task's progress: the time left follows from the pace of the step so far. */
function progressTeller(context: TaskContext): (progress: InstallProgress) => void {
  let began = { step: '', time: 0, done: 0 }
  return ({ step, text, done, total }) => {
    const now = performance.now()
    if (step !== began.step) began = { step, time: now, done: done ?? 0 }
    if (done === undefined || total === undefined) {
      context.progress(text, 0, null)
      return
    }
    const pace = (done - began.done) / (now - began.time)
    context.progress(text, done, total, pace > 0 ? Math.max(0, (total - done) / pace / 1000) : null)
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
