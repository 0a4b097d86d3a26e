import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#shared/errors'
import type { TaskOutcome } from '#shared/schemas/task'
import type { RunsRepository } from '#main/db/runs-repository'
import type { Datasets } from './datasets.ts'
import type { Models } from './models.ts'
import { indexRun, readRun, runFolders } from './run-records.ts'

export interface ReindexParts {
  runs: RunsRepository
  datasets: Datasets
  models: Models
  folders: { runs: string; datasets: string; models: string }
}

type Skipped = { path: string; reason: string }[]

/** Makes the index say what the files of the data folder say, and nothing else. What cannot be read is named. */
export function rebuildIndex({ runs, datasets, models, folders }: ReindexParts): TaskOutcome {
  const skipped: Skipped = []
  const datasetIds = readAll(jsonFiles(folders.datasets), (path) => datasets.index(path), skipped)
  datasets.keepOnly(datasetIds)
  const modelIds = readAll(jsonFiles(folders.models), (path) => models.index(path), skipped)
  models.keepOnly(modelIds)
  const runIds = readAll(
    runFolders(folders.runs),
    (path) => {
      indexRun(runs, path)
      return readRun(path).id
    },
    skipped,
  )
  for (const { id } of runs.list()) if (!runIds.has(id)) runs.delete(id)
  return {
    kind: 'reindex',
    runs: runIds.size,
    datasets: datasetIds.size,
    models: modelIds.size,
    skipped,
  }
}

function readAll(paths: readonly string[], index: (path: string) => string, skipped: Skipped): Set<string> {
  const ids = new Set<string>()
  for (const path of paths) {
    try {
      ids.add(index(path))
    } catch (thrown) {
      skipped.push({ path, reason: AppError.from(thrown).message })
    }
  }
  return ids
}

function jsonFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name))
}
