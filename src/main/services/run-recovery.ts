import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { AppError } from '#shared/errors'
import type { RunsRepository } from '#main/db/runs-repository'
import { runFiles } from '#main/run-folder'
import { indexRun, readRun, runFolders, writeState } from './run-records.ts'

export interface RunRecoveryParts {
  repository: RunsRepository
  /** where the run folders are */
  folder: string
  now: () => Date
}

/** Runs of a process that has died. */
export function createRunRecovery({ repository, folder, now }: RunRecoveryParts) {
  function lostRuns(): string[] {
    const unknown = runFolders(folder).filter(
      (path) => !repository.has(basename(path)) && existsSync(runFiles(path).job),
    )
    return [...unknown, ...repository.unfinished().map((run) => run.folder)]
  }

  function recoverRun(path: string): void {
    try {
      const run = readRun(path)
      if (run.status === 'queued' || run.status === 'running')
        writeState(path, { ...run, status: 'paused', finishedAt: now().toISOString() })
      indexRun(repository, path)
    } catch (thrown) {
      // One damaged folder must not keep the program from starting; `reindex` names it.
      const id = basename(path)
      if (!repository.has(id)) return
      const error = AppError.from(thrown).toJSON()
      repository.setState(id, { ...repository.get(id), status: 'failed', error })
    }
  }

  return {
    /** Whether there are runs that belong to nobody any more, unless another process is at work on them. */
    hasLostRuns: (): boolean => lostRuns().length > 0,

    /**
     * After a crash: runs that the index or their folder calls queued or running can be resumed, and runs that the
     * index does not know are found. Call it only as the owner of the data folder.
     */
    recover: (): void => lostRuns().forEach(recoverRun),
  }
}
