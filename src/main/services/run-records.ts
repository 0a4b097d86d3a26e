import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { SerializedError } from '#shared/errors'
import { ExportRecord } from '#shared/schemas/run-record'
import { RunResult } from '#shared/schemas/run'
import type { RunRow, RunsRepository } from '#main/db/runs-repository'
import { readEpochs } from '#main/epoch-log'
import { readJson, writeJson } from '#main/files'
import { RunJob, RunState, runFiles } from '#main/run-folder'

/** Where a run was exported to, one record per export, beside the files that the engine writes. */
const exportsFile = (folder: string) => join(folder, 'exports.json')
const ExportRecords = z.array(ExportRecord)

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
  const job = readJson(files.job, RunJob)
  const state = existsSync(files.state) ? readJson(files.state, RunState) : { status: 'queued' as const }
  return {
    id: job.runId,
    name: job.name,
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
    result: existsSync(files.result) ? readJson(files.result, RunResult) : {},
  }
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
