import type { Handlers } from '#shared/contract'
import type { AppInfo } from '#shared/schemas/app'
import type { RunEstimate } from '#shared/schemas/queue'
import type { RunRequest } from '#shared/schemas/run-record'
import type { Task } from '#shared/schemas/task'
import type { Datasets } from './datasets.ts'
import type { EngineStatusService } from './engine-status.ts'
import type { Exports } from './exports.ts'
import type { Folders } from './folders.ts'
import type { KnownModels } from './known-models.ts'
import type { Machine } from './machine.ts'
import type { Models } from './models.ts'
import type { Predictions } from './predictions.ts'
import type { Runs } from './runs.ts'
import type { Runtimes } from './runtimes.ts'
import type { SettingsService } from './settings.ts'
import type { Storage } from './storage.ts'
import type { Tasks } from './tasks.ts'
import type { Uploads } from './uploads.ts'
import type { Wordings } from './wordings.ts'

export interface Services {
  info: AppInfo
  datasets: Datasets
  models: Models
  runs: Runs
  exports: Exports
  predictions: Predictions
  tasks: Tasks
  uploads: Uploads
  wordings: Wordings
  estimateRun: (request: RunRequest) => RunEstimate
  settings: SettingsService
  folders: Folders
  engineStatus: EngineStatusService
  storage: Storage
  knownModels: KnownModels
  problemReport: () => string
  machine: Machine
  runtimes: Runtimes
  rebuildIndex: () => Task
}

/** The contract, answered. One line per request: anything longer belongs in a service. */
export function createHandlers(services: Services): Handlers {
  const { info, datasets, models, runs, exports, predictions, tasks, uploads, wordings } = services
  const { settings, folders, storage, knownModels, engineStatus, problemReport } = services
  return {
    'app/info': () => info,
    'app/problem-report': () => ({ text: problemReport() }),
    'shell/choose': (request) => folders.choose(request),
    'shell/reveal': (input) => folders.reveal(input),
    'folders/browse': (input) => folders.browse(input),
    'machine/report': () => services.machine.report(),
    'runtime/list': () => services.runtimes.list(),
    'runtime/install': (input) => services.runtimes.install(input),
    'runtime/remove': (input) => services.runtimes.remove(input),
    'storage/usage': () => storage.usage(),
    'storage/clear': ({ part }) => storage.clear(part),
    'settings/get': () => settings.get(),
    'settings/change': (changes) => settings.change(changes),
    'uploads/begin': () => uploads.begin(),

    'datasets/import': (input) => datasets.import(input),
    'datasets/inspect': (input) => datasets.inspect(input),
    'datasets/add': (input) => datasets.add(input),
    'datasets/preview-inspection': (input) => datasets.previewInspection(input),
    'datasets/list': () => datasets.list(),
    'datasets/get': ({ id }) => datasets.get(id),
    'datasets/find': ({ path }) => datasets.find(path),
    'datasets/images': (input) => datasets.images(input),
    'datasets/count-images': (input) => datasets.countImages(input),
    'datasets/edit': (input) => datasets.edit(input),
    'datasets/undo': ({ id }) => datasets.undo(id),
    'datasets/redo': ({ id }) => datasets.redo(id),
    'datasets/few-shot': (input) => datasets.fewShot(input),
    'datasets/count-tokens': (input) => wordings.countTokens(input),
    'datasets/test-wording': (input) => wordings.test(input),
    'datasets/relink': (input) => datasets.relink(input),
    'datasets/preview-split': (input) => datasets.previewSplit(input),
    'datasets/resplit': (input) => datasets.resplit(input),
    'datasets/write-coop-split': (input) => datasets.writeCoopSplit(input),
    'datasets/check': (input) => datasets.check(input),
    'datasets/remove': ({ id }) => datasets.remove(id),

    'models/import': (input) => models.import(input),
    'models/import-starter': () => models.registerStarter(),
    'models/list': () => models.list(),
    'models/get': ({ id }) => models.get(id),
    'models/find': ({ path }) => models.find(path),
    'models/verify': (input) => models.verify(input),
    'models/known': () => knownModels.list(),
    'models/download': (input) => knownModels.download(input),
    'models/rename': (input) => models.rename(input),
    'models/remove': ({ id }) => models.remove(id),

    'runs/plan': (request) => runs.plan(request),
    'runs/estimate': (request) => services.estimateRun(request),
    'runs/start': (request) => runs.start(request),
    'runs/start-seeds': (input) => runs.startSeeds(input),
    'runs/annotate': (input) => runs.annotate(input),
    'runs/queue': () => runs.queue(),
    'runs/move': (input) => runs.move(input),
    'runs/hold-queue': (input) => runs.holdQueue(input),
    'runs/scored-images': (input) => runs.scoredImages(input),
    'runs/card': ({ id }) => runs.card(id),
    'runs/classes': ({ id }) => runs.classes(id),
    'runs/resume': (input) => runs.resume(input),
    'runs/interrupt': (input) => runs.interrupt(input),
    'runs/list': (input) => runs.list(input),
    'runs/get': ({ id }) => runs.get(id),
    'runs/result': ({ id }) => runs.result(id),
    'runs/epochs': (input) => runs.epochs(input),
    'runs/progress': ({ id }) => runs.progress(id),
    'runs/delete': ({ id }) => runs.delete(id),
    'runs/exports': ({ id }) => runs.exports(id),

    'runs/evaluate': (input) => exports.evaluate(input),
    'runs/export': (input) => exports.export(input),
    'exports/list': () => exports.list(),
    'exports/verify': (input) => exports.verify(input),
    'predictions/start': (input) => predictions.start(input),
    'predictions/recent': () => predictions.recent(),

    'engine/status': () => engineStatus.get(),
    'engine/describe': () => services.machine.describeEngine(),
    'index/rebuild': () => services.rebuildIndex(),
    'tasks/list': () => tasks.list(),
    'tasks/get': ({ id }) => tasks.get(id),
    'tasks/cancel': ({ id }) => tasks.cancel(id),
  }
}
