import { existsSync, readdirSync, statSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { SerializedError } from '#shared/errors'
import { ExportRecord } from '#shared/schemas/run-record'
import { RunResult } from '#shared/schemas/run'
import type { RunRow, RunsRepository } from '#main/db/runs-repository'
import { PROGRAM_VERSION } from '#shared/version'
import { readEpochs } from '#main/epoch-log'
import { readJson, writeJson } from '#main/files'
import { readAnnotation } from '#main/run-annotation'
import {
  datasetPath,
  FewShotSplit,
  RunJob,
  RunMachine,
  RunState,
  runFiles,
  type JobDataset,
  type LabelledImage,
} from '#main/run-folder'

/** Where a run was exported to, one record per export, beside the files that the engine writes. */
const exportsFile = (folder: string) => join(folder, 'exports.json')
const ExportRecords = z.array(ExportRecord)

/** Jobs that stay in memory: a page asks for many pictures of one run. */
const KEPT_JOBS = 4

/** Folders of the runs in a data folder, whether the index knows them or not. */
export function runFolders(runsFolder: string): string[] {
  if (!existsSync(runsFolder)) return []
  return readdirSync(runsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(runsFolder, name))
}

/** Brings the index up to date with what is in a run's folder, which always wins. */
export function indexRun(repository: RunsRepository, folder: string): void {
  const row = readRun(folder)
  repository.save(row)
  repository.replaceEpochs(row.id, readEpochs(runFiles(folder).epochs))
  for (const record of readExports(folder)) repository.addExport(record)
}

/** What a run's folder says about it. */
export function readRun(folder: string): RunRow {
  const files = runFiles(folder)
  const job = readJob(folder)
  const { name = job.name, notes } = readAnnotation(folder)
  const state = existsSync(files.state) ? readJson(files.state, RunState) : { status: 'queued' as const }
  return {
    id: job.runId,
    name,
    kind: job.kind,
    status: state.status,
    config: job.config,
    datasetId: job.dataset.id,
    datasetName: job.dataset.name,
    modelId: job.model.id,
    modelName: job.model.name,
    folder,
    createdAt: job.createdAt,
    startedAt: state.startedAt ?? null,
    finishedAt: state.finishedAt ?? null,
    error: state.error ?? null,
    datasetFingerprint: job.dataset.fingerprint,
    notes,
    result: existsSync(files.result) ? readJson(files.result, RunResult) : {},
  }
}

const jobs = new Map<string, { version: string; job: RunJob }>()

/** What a run was asked to do. Read once as long as the file stays as it is. */
export function readJob(folder: string): RunJob {
  const { job: path } = runFiles(folder)
  const stats = statSync(path, { throwIfNoEntry: false })
  const version = `${stats?.ino ?? 0} ${stats?.mtimeMs ?? 0} ${stats?.size ?? 0}`
  const known = jobs.get(path)
  const job = known?.version === version ? known.job : readJson(path, RunJob)
  jobs.delete(path)
  jobs.set(path, { version, job })
  for (const [oldest] of jobs) if (jobs.size > KEPT_JOBS) jobs.delete(oldest)
  return job
}

/** This machine, with the graphics card that the engine computes on, if it does. */
export function thisMachine(device: string | null): RunMachine {
  return {
    programVersion: PROGRAM_VERSION,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    device,
  }
}

/** What a run was computed with; null for runs that never began, and those of older programs. */
export function readMachine(folder: string): RunMachine | null {
  const { machine } = runFiles(folder)
  return existsSync(machine) ? readJson(machine, RunMachine) : null
}

/** Where an image of a job lies now, given where its dataset is. */
export function presentPath(dataset: JobDataset, path: string, root: string | undefined): string {
  if (root === undefined || dataset.root === undefined || dataset.root === root) return path
  const below = datasetPath(dataset, path)
  return below === path ? path : join(root, ...below.split('/'))
}

/** After the pictures of a run have moved to `root`: its files name the new places. */
export function followPictures(folder: string, root: string | undefined): RunJob {
  const files = runFiles(folder)
  const job = readJob(folder)
  const { dataset } = job
  if (root === undefined || dataset.root === undefined || dataset.root === root) return job
  const moved = (images: readonly LabelledImage[]) =>
    images.map((image) => ({ ...image, path: presentPath(dataset, image.path, root) }))
  if (existsSync(files.split)) {
    const split = readJson(files.split, FewShotSplit)
    const lists = {
      train: moved(split.train),
      searchTrain: moved(split.searchTrain),
      alpha: moved(split.alpha),
      validation: moved(split.validation),
    }
    writeJson(files.split, { ...split, ...lists })
  }
  const lists = {
    train: moved(dataset.train),
    validation: moved(dataset.validation),
    test: moved(dataset.test),
  }
  // Last: as long as it names the old root, all of this is done again.
  writeJson(files.job, { ...job, dataset: { ...dataset, ...lists, root } } satisfies RunJob)
  return readJob(folder)
}

/** Writes how far a run got. */
export function writeState(
  folder: string,
  state: Pick<RunRow, 'status' | 'startedAt' | 'finishedAt'> & { error: SerializedError | null },
): void {
  writeJson(runFiles(folder).state, {
    status: state.status,
    ...(state.error !== null && { error: state.error }),
    ...(state.startedAt !== null && { startedAt: state.startedAt }),
    ...(state.finishedAt !== null && { finishedAt: state.finishedAt }),
  } satisfies RunState)
}

/** Adds an export to a run's folder. Writing to the same place again replaces the earlier record. */
export function recordExport(folder: string, record: ExportRecord): void {
  const others = readExports(folder).filter((known) => known.folder !== record.folder)
  writeJson(exportsFile(folder), [...others, record])
}

function readExports(folder: string): ExportRecord[] {
  return existsSync(exportsFile(folder)) ? readJson(exportsFile(folder), ExportRecords) : []
}
