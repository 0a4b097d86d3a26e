import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { ExportRecord, Run } from '#shared/schemas/run-record'
import type { Task } from '#shared/schemas/task'
import type { RunsRepository } from '#main/db/runs-repository'
import type { EngineHost } from '#main/engine-host/engine-host'
import { readJson } from '#main/files'
import { runFiles, type JobModel } from '#main/run-folder'
import type { Datasets } from './datasets.ts'
import { runEngineJob } from './engine-jobs.ts'
import type { Models } from './models.ts'
import { freeName, slug } from './names.ts'
import { followPictures, readJob, recordExport } from './run-records.ts'
import type { Tasks } from './tasks.ts'

export interface ExportsParts {
  repository: RunsRepository
  datasets: Datasets
  models: Models
  engine: EngineHost
  tasks: Tasks
  /** where exports go unless told otherwise */
  folder: string
  now: () => Date
}

/** Learned prompts and what they need to be used. */
export interface PromptSource {
  /** run folder or export folder */
  folder: string
  model: JobModel
}

/** What we need to know of an export: the CLIP that its prompts belong to. */
const ExportHeader = z.object({ model: z.object({ digest: z.string() }) })

/** What becomes of trained prompts: scored, exported, verified. */
export function createExports(parts: ExportsParts) {
  const { repository, datasets, models, engine, tasks, folder, now } = parts

  function trainedRun(id: string): Run {
    const run = repository.get(id)
    if (existsSync(runFiles(run.folder).prompt)) return run
    const remedy = run.kind === 'search' ? `dplstudio train --from ${id}` : `dplstudio resume ${id}`
    throw new AppError('invalid-input', `${run.name} has no trained prompts yet (it is ${run.status}).`, {
      hint:
        run.kind === 'zero-shot'
          ? 'Choose a run that trains prompts.'
          : `Finish the training first (${remedy}).`,
    })
  }

  /** A folder of its own for every export: an earlier one is never overwritten. */
  function targetFor(run: Run, given: string | undefined, into = folder): string {
    if (given === undefined) {
      const name = run.name === run.id ? run.id : slug(run.name)
      const parent = resolve(into)
      return join(
        parent,
        freeName(name, (taken) => existsSync(join(parent, taken))),
      )
    }
    const target = resolve(given)
    if (existsSync(target) && readdirSync(target).length > 0)
      throw new AppError('invalid-input', `${target} is not empty.`, {
        hint: 'Choose another folder, or empty this one.',
      })
    return target
  }

  function exportFolder(source: string): string {
    const path = resolve(source)
    if (existsSync(path)) return path
    const last = repository.has(source) ? repository.exports(source).at(-1) : undefined
    if (last !== undefined) return last.folder
    throw new AppError('not-found', `${source} is neither an export folder nor a run that was exported.`, {
      hint: repository.has(source)
        ? `Export it first (dplstudio export ${source}).`
        : 'The list of runs names them (dplstudio runs).',
    })
  }

  function modelOfExport(path: string): JobModel {
    const config = join(path, 'config.json')
    if (!existsSync(config))
      throw new AppError('not-found', `${path} is not an export: it has no config.json.`, {
        hint: 'Give a folder that a run was exported to.',
      })
    return models.forDigest(readJson(config, ExportHeader).model.digest)
  }

  /** Where the pictures of a dataset are now; undefined when it is gone. */
  const rootOf = (id: string) => (datasets.has(id) ? datasets.get(id).root : undefined)

  return {
    /** Of all runs, oldest first. */
    list: (): ExportRecord[] => repository.exports(),

    evaluate: ({ id, split, datasetId }: ParsedInput<'runs/evaluate'>): Task => {
      const run = trainedRun(id)
      const dataset =
        datasetId === undefined
          ? followPictures(run.folder, rootOf(run.datasetId)).dataset
          : datasets.forJob(datasetId)
      return tasks.start('evaluate', async (context) => {
        const job = { kind: 'evaluate' as const, folder: run.folder, dataset, split }
        const { evaluation } = await runEngineJob(engine, context, job)
        return { kind: 'evaluate', runId: id, evaluation }
      })
    },

    export: ({ id, folder: given, into }: ParsedInput<'runs/export'>): Task => {
      const run = trainedRun(id)
      const target = targetFor(run, given, into)
      followPictures(run.folder, rootOf(run.datasetId))
      return tasks.start('export', async (context) => {
        const { files } = await runEngineJob(engine, context, { kind: 'export', folder: run.folder, target })
        const record: ExportRecord = { runId: id, folder: target, files, createdAt: now().toISOString() }
        recordExport(run.folder, record)
        repository.addExport(record)
        return { kind: 'export', export: record }
      })
    },

    /** In a process that has not seen the run: what it answers comes from the exported files alone. */
    verify: ({ source }: ParsedInput<'exports/verify'>): Task => {
      const path = exportFolder(source)
      const model = modelOfExport(path)
      return tasks.start('verify', async (context) => {
        const job = { kind: 'verify' as const, exportFolder: path, model }
        const { verification } = await runEngineJob(engine, context, job, { fresh: true })
        return { kind: 'verify', folder: path, verification }
      })
    },

    /** Finds prompts by the id of their run or the folder of their export. */
    promptSource(source: string): PromptSource {
      if (!repository.has(source)) return { folder: resolve(source), model: modelOfExport(resolve(source)) }
      const run = trainedRun(source)
      return { folder: run.folder, model: readJob(run.folder).model }
    },
  }
}

export type Exports = ReturnType<typeof createExports>
