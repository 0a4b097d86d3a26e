import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRequest } from '#shared/schemas/run-record'
import type { RunsRepository } from '#main/db/runs-repository'
import { writeJson } from '#main/files'
import { runFiles, type RunJob } from '#main/run-folder'
import type { Datasets } from './datasets.ts'
import type { Models } from './models.ts'
import { timedId } from './names.ts'
import { indexRun, writeState } from './run-records.ts'

export interface RunStoreParts {
  repository: RunsRepository
  datasets: Datasets
  models: Models
  /** where the run folders are */
  folder: string
  now: () => Date
}

/** Stores checked requests as queued runs. */
export function createRunStore({ repository, datasets, models, folder, now }: RunStoreParts) {
  function createRun(request: RunRequest): RunJob {
    const dataset = datasets.forJob(request.datasetId)
    const createdAt = now()
    const id = timedId(dataset.name, createdAt)
    const job: RunJob = {
      runId: id,
      name: request.name ?? id,
      kind: request.kind,
      createdAt: createdAt.toISOString(),
      config: request.config,
      model: models.forJob(request.modelId),
      dataset,
    }
    // The folder first: an index entry without a folder would be a run that nobody can continue.
    writeJson(runFiles(join(folder, id)).job, job)
    writeState(join(folder, id), { status: 'queued', error: null, startedAt: null, finishedAt: null })
    indexRun(repository, join(folder, id))
    return job
  }

  /** Several runs or none: what has been stored is taken back when one cannot be. */
  return (requests: readonly RunRequest[]): RunJob[] => {
    const jobs: RunJob[] = []
    try {
      for (const request of requests) jobs.push(createRun(request))
      return jobs
    } catch (thrown) {
      for (const { runId } of jobs) {
        rmSync(join(folder, runId), { recursive: true, force: true })
        repository.delete(runId)
      }
      throw thrown
    }
  }
}
