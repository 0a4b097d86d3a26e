import { readdirSync, statSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import type { ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Task } from '#shared/schemas/task'
import type { EngineHost } from '#main/engine-host/engine-host'
import { runEngineJob } from './engine-jobs.ts'
import type { Exports } from './exports.ts'
import type { Models } from './models.ts'
import type { Tasks } from './tasks.ts'

const IMAGE_EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp', '.tif', '.tiff', '.avif'])

export interface PredictionsParts {
  exports: Exports
  models: Models
  engine: EngineHost
  tasks: Tasks
}

/** Classifies pictures with learned prompts. */
export function createPredictions({ exports, models, engine, tasks }: PredictionsParts) {
  return {
    start: ({ source, paths, csv, top, modelId }: ParsedInput<'predictions/start'>): Task => {
      const prompts = exports.promptSource(source)
      const model = modelId === undefined ? prompts.model : models.forJob(modelId)
      return tasks.start('predict', async (context) => {
        context.progress('Looking for images', 0, null)
        const images = findImages(paths)
        const job = {
          kind: 'predict' as const,
          folder: prompts.folder,
          model,
          images,
          csv: csv === undefined ? null : resolve(csv),
          top,
        }
        const { predictions, scored, failed, skipped } = await runEngineJob(engine, context, job)
        return { kind: 'predict', predictions, scored, failed, skipped, csv: job.csv }
      })
    },
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
