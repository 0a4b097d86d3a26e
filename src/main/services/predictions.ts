import { readdirSync, statSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import type { ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { PredictionRecord } from '#shared/schemas/prediction-record'
import type { Task } from '#shared/schemas/task'
import type { EngineHost } from '#main/engine-host/engine-host'
import { runEngineJob } from './engine-jobs.ts'
import type { Exports } from './exports.ts'
import type { Models } from './models.ts'
import { openPredictionRecords } from './prediction-records.ts'
import type { TaskContext, Tasks } from './tasks.ts'

const IMAGE_EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp', '.tif', '.tiff', '.avif'])

export interface PredictionsParts {
  exports: Exports
  models: Models
  engine: EngineHost
  tasks: Tasks
  /** where the last passes are remembered */
  recordsFile: string
  now: () => Date
}

/** Classifies pictures with learned prompts. */
export function createPredictions({ exports, models, engine, tasks, recordsFile, now }: PredictionsParts) {
  const records = openPredictionRecords(recordsFile)

  /** The task's progress is of the pictures that are left; what is remembered counts those of earlier starts too. */
  function counting(context: TaskContext, images: number): TaskContext {
    return {
      ...context,
      progress(message, done, left, secondsLeft) {
        context.progress(message, done, left, secondsLeft)
        if (left !== null) records.progress(context.id, images - left + done)
      },
    }
  }

  async function predict(
    context: TaskContext,
    { source, paths, csv, top, modelId }: ParsedInput<'predictions/start'>,
  ) {
    const prompts = exports.promptSource(source)
    const model = modelId === undefined ? prompts.model : models.forJob(modelId)
    context.progress('Looking for images', 0, null)
    const images = findImages(paths)
    records.change(context.id, { total: images.length })
    const job = {
      kind: 'predict' as const,
      folder: prompts.folder,
      model,
      images,
      csv: csv === undefined ? null : resolve(csv),
      top,
    }
    const result = await runEngineJob(engine, counting(context, images.length), job)
    const { predictions, scored, failed, skipped } = result
    records.change(context.id, { done: images.length, state: 'finished' })
    return { kind: 'predict' as const, predictions, scored, failed, skipped, csv: job.csv }
  }

  return {
    start(input: ParsedInput<'predictions/start'>): Task {
      const { source, paths, csv, top } = input
      exports.promptSource(source) // what is no source is refused at once
      const task = tasks.start('predict', async (context) => {
        try {
          return await predict(context, input)
        } catch (thrown) {
          records.change(context.id, { state: context.signal.aborted ? 'cancelled' : 'failed' })
          throw thrown
        }
      })
      records.add({
        id: task.id,
        source,
        paths: paths.map((path) => resolve(path)),
        csv: csv === undefined ? null : resolve(csv),
        top,
        done: 0,
        total: null,
        state: 'running',
        startedAt: now().toISOString(),
      })
      return task
    },

    /** Newest first. */
    recent: (): PredictionRecord[] => records.list(),
  }
}

export type Predictions = ReturnType<typeof createPredictions>

/**
 * The images that paths stand for: a file is taken as it is, a folder with all images below it, in the order of
 * their names, so that a second start finds the same list.
 */
export function findImages(paths: readonly string[]): string[] {
  const found = paths.flatMap((given) => {
    const path = resolve(given)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) throw new AppError('not-found', `There is no ${path}`)
    return stats.isDirectory() ? imagesBelow(path) : [path]
  })
  if (found.length === 0)
    throw new AppError('not-found', `There are no images in ${paths.join(', ')}`, {
      hint: `Files that end in ${[...IMAGE_EXTENSIONS].join(', ')} count as images.`,
    })
  return [...new Set(found)]
}

/** Links are not followed: they may lead round in a circle. */
function imagesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.')) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return imagesBelow(path)
    return IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase()) ? [path] : []
  })
}
