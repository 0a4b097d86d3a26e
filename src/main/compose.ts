import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { contract, type Api, type Emit } from '#shared/contract'
import { AppError } from '#shared/errors'
import { connectTable, memoryPorts, serveTable, type Port } from '#shared/rpc'
import type { ImagePlaces } from './assets/pages.ts'
import { createDatasetsRepository } from './db/datasets-repository.ts'
import { openDatabase, type Database } from './db/database.ts'
import { createModelsRepository } from './db/models-repository.ts'
import { createRunsRepository } from './db/runs-repository.ts'
import { createEngineHost } from './engine-host/engine-host.ts'
import type { SpawnEngine } from './engine-host/engine-process.ts'
import { takeLock, type Lock } from './lock-file.ts'
import { createDatasets } from './services/datasets.ts'
import { createEngineStatus } from './services/engine-status.ts'
import { createExports } from './services/exports.ts'
import { createFolders } from './services/folders.ts'
import { createHandlers } from './services/handlers.ts'
import { createImagePlaces } from './services/image-places.ts'
import { createKnownModels } from './services/known-models.ts'
import { createMachine } from './services/machine.ts'
import { createModels } from './services/models.ts'
import { createPredictions } from './services/predictions.ts'
import { readOnly } from './services/read-only.ts'
import { rebuildIndex } from './services/reindex.ts'
import { createEstimates } from './services/run-estimate.ts'
import { writeProblemReport } from './services/problem-report.ts'
import { createRelocation, type Relocation } from './services/relocation.ts'
import { createRuns, type Runs } from './services/runs.ts'
import { createRuntimes } from './services/runtimes.ts'
import { createSettings, settingsFile } from './services/settings.ts'
import { createStorage } from './services/storage.ts'
import { createTasks } from './services/tasks.ts'
import { createUploads, type Uploads } from './services/uploads.ts'
import { createWordings } from './services/wordings.ts'
import { noShell, type Shell } from './shell.ts'

export interface Composition {
  version: string
  dataFolder: string
  /** the CLIP that ships with the program */
  starterPath: string
  /** the sample pictures that ship with the program */
  samplePath: string
  /** what the surroundings can do; nothing, where nobody is there to be asked */
  shell?: Shell
  spawnEngine: SpawnEngine
  /**
   * `write` makes this process the owner of the data folder, of which there is one at a time; `read` only looks,
   * also while another process owns it. `rebuild` is `write` for an index that may be damaged.
   */
  access: 'read' | 'write' | 'rebuild'
  /** what this process does, for others who find the data folder taken */
  purpose: string
  /** how long an interrupted job may take, in milliseconds */
  graceMs?: number
  now?: () => Date
}

/** The application without a shell. */
export interface Application {
  /** Serves the contract over a port. */
  serve(port: Port): void
  /** A client within this process. */
  connect(): Api
  /** Tells every client, for the shell's own events. */
  readonly emit: Emit
  /** where the pictures lie that pages may show */
  readonly images: ImagePlaces
  /** Keeps a file that a browser sends. */
  readonly receiveUpload: Uploads['receive']
  /** Ends the engine at once, without a checkpoint; finished epochs are kept. */
  kill(): void
  /** Pauses what runs, ends the engine, closes the index and gives the data folder back. */
  dispose(): Promise<void>
}

/** The one place where the parts are put together. */
export function compose(composition: Composition): Application {
  const { version, dataFolder, starterPath, samplePath, spawnEngine, access, purpose, graceMs } = composition
  const shell = composition.shell ?? noShell
  const now = composition.now ?? (() => new Date())
  const folders = {
    runs: join(dataFolder, 'runs'),
    datasets: join(dataFolder, 'datasets'),
    models: join(dataFolder, 'models'),
    exports: join(dataFolder, 'exports'),
  }
  const lock = takeOwnership(join(dataFolder, 'owner.lock'), access, purpose)
  const isNewIndex = !existsSync(join(dataFolder, 'index.sqlite'))
  const db = openOrRelease(join(dataFolder, 'index.sqlite'), access, lock)

  const emits = new Set<Emit>()
  const emit: Emit = (name, payload) => emits.forEach((send) => send(name, payload))
  const engine = createEngineHost({
    spawn: spawnEngine,
    onChange: () => engineStatus.changed(),
    ...(graceMs !== undefined && { graceMs }),
  })
  const engineStatus = createEngineStatus({ engine, emit })
  const settings = createSettings({ file: settingsFile(dataFolder), emit })
  const tasks = createTasks({ emit })
  const runsRepository = createRunsRepository(db)
  const datasets = createDatasets({
    repository: createDatasetsRepository(db),
    folder: folders.datasets,
    tasks,
    emit,
  })
  const models = createModels({
    repository: createModelsRepository(db),
    folder: folders.models,
    starterPath,
    engine,
    tasks,
    emit,
    now,
  })
  const runs = createRuns({
    repository: runsRepository,
    datasets,
    models,
    engine,
    emit,
    folder: folders.runs,
    now,
    pauseOnFailure: () => settings.get().pauseQueueOnFailure,
    dominanceRatio: () => settings.get().dominanceThreshold,
  })
  const exports = createExports({
    repository: runsRepository,
    datasets,
    models,
    engine,
    tasks,
    folder: folders.exports,
    now,
  })
  const predictions = createPredictions({
    exports,
    models,
    engine,
    tasks,
    recordsFile: join(dataFolder, 'predictions.json'),
    now,
  })
  const uploads = createUploads({
    folder: join(dataFolder, 'uploads'),
    isOffered: shell.capabilities.upload,
  })
  const info = {
    version,
    dataFolder,
    platform: process.platform,
    sampleFolder: samplePath,
    exportFolder: folders.exports,
    capabilities: shell.capabilities,
  }
  const reindex = () => rebuildIndex({ runs: runsRepository, datasets, models, folders })
  const handlers = createHandlers({
    info,
    settings,
    engineStatus,
    folders: createFolders({
      shell,
      settings,
      dataFolder,
      knownFolders: () => [
        ...datasets.list().map(({ root }) => root),
        ...models.list().map(({ path }) => path),
        ...runsRepository.exports().map(({ folder }) => folder),
      ],
    }),
    knownModels: createKnownModels({ dataFolder, models, settings, tasks }),
    storage: createStorage({
      dataFolder,
      tasks,
      placesInUse: () => [
        ...datasets.list().map(({ root }) => root),
        ...models.list().map(({ path }) => path),
      ],
    }),
    problemReport: () =>
      writeProblemReport({
        info,
        settings: settings.get,
        engineStatus: engineStatus.get,
        runs: () => runsRepository.list(),
        engineLog: join(dataFolder, 'logs', 'engine.log'),
        datasets: () => datasets.list(),
      }),
    datasets,
    models,
    runs,
    exports,
    predictions,
    tasks,
    uploads,
    wordings: createWordings({ datasets, models, engine, tasks }),
    estimateRun: createEstimates({
      repository: runsRepository,
      datasets,
      models,
      deviceName: () => engine.deviceName(),
      folder: folders.runs,
    }),
    machine: createMachine({ dataFolder, engine, engineStatus, settings, models, tasks }),
    runtimes: createRuntimes({ dataFolder, engine, settings, tasks }),
    rebuildIndex: () => tasks.start('reindex', () => Promise.resolve(reindex())),
  })
  const relocation = createRelocation({ dataFolder, runs: runsRepository, rebuildIndex: reindex })
  // An index that is not there is made of what is; the folder of a first start has nothing.
  if (isNewIndex) reindex()
  recover({ runs, relocation }, lock, join(dataFolder, 'owner.lock'))

  const answers = access === 'read' ? readOnly(handlers) : handlers
  const serve = (port: Port) => {
    const send = serveTable(contract, port, answers)
    emits.add(send)
    port.onClose(() => emits.delete(send))
  }
  return {
    serve,
    connect() {
      const [ours, theirs] = memoryPorts()
      serve(ours)
      return connectTable(contract, theirs)
    },
    emit,
    images: createImagePlaces({ datasets, runs, tasks }),
    receiveUpload: uploads.receive,
    kill: () => engine.kill(),
    async dispose() {
      await Promise.all([tasks.dispose(), runs.pauseAll()])
      await engine.dispose()
      engineStatus.dispose()
      db.close()
      lock?.release()
    },
  }
}

function takeOwnership(path: string, access: Composition['access'], purpose: string): Lock | null {
  if (access === 'read') return null
  try {
    return takeLockSoon(path, purpose)
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code !== 'locked') throw thrown
    throw new AppError('locked', `The data folder is in use. ${error.message}`, {
      hint: 'Wait until that is done, end it, or work in another folder with --data-dir. Reading works: dplstudio watch, dplstudio runs.',
      cause: thrown,
    })
  }
}

function openOrRelease(path: string, access: Composition['access'], lock: Lock | null): Database {
  try {
    if (access === 'rebuild') setDamagedAside(path)
    return openDatabase(path)
  } catch (thrown) {
    lock?.release()
    throw thrown
  }
}

/** Everything in the index is in the files of the data folder too, so a damaged one is no loss. */
function setDamagedAside(path: string): void {
  if (!existsSync(path)) return
  try {
    openDatabase(path).close()
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'bad-file') throw thrown
    renameSync(path, `${path}.damaged`)
    for (const suffix of ['-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged${suffix}`)
  }
}

/**
 * Puts in order what a process that has died, or somebody who moved the data folder, has left. Somebody who only reads
 * does so too, unless the data folder has an owner.
 */
function recover(
  { runs, relocation }: { runs: Runs; relocation: Relocation },
  lock: Lock | null,
  lockPath: string,
): void {
  const putInOrder = () => {
    relocation.settle()
    if (runs.hasLostRuns()) runs.recover()
  }
  if (lock !== null) {
    putInOrder()
    return
  }
  if (!relocation.hasMoved() && !runs.hasLostRuns()) return
  try {
    const brief = takeLock(lockPath, 'putting runs in order')
    try {
      putInOrder()
    } finally {
      brief.release()
    }
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'locked') throw thrown
  }
}

/** A reader may hold the lock for a moment; an owner holds it longer than anybody wants to wait. */
function takeLockSoon(path: string, purpose: string): Lock {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let attempt = 0; ; attempt++) {
    try {
      return takeLock(path, purpose)
    } catch (thrown) {
      if (attempt === 5 || AppError.from(thrown).code !== 'locked') throw thrown
      Atomics.wait(pause, 0, 0, 60)
    }
  }
}
