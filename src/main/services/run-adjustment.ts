import type { RunConfig } from '#shared/schemas/run'
import { annotate, readAnnotation } from '#main/run-annotation'
import { writeJson } from '#main/files'
import { runFiles, type RunJob } from '#main/run-folder'

/** What a run may go on with after it ran out of memory or its loss left all bounds. */
export interface Adjustment {
  /** images at a time, at most */
  batchSize?: number | undefined
  /** of the prompts, at most; that of alpha shrinks by the same share */
  learningRate?: number | undefined
}

/** A configuration that asks for no more than an adjustment allows. */
export function adjustConfig(config: RunConfig, { batchSize, learningRate }: Adjustment): RunConfig {
  const { search, train } = config
  const most = batchSize ?? Number.POSITIVE_INFINITY
  const largestRate = Math.max(search.learningRate, train.learningRate)
  const share = learningRate === undefined || largestRate === 0 ? 1 : Math.min(1, learningRate / largestRate)
  return {
    ...config,
    search: {
      ...search,
      batchSize: Math.min(search.batchSize, most),
      validationBatchSize: Math.min(search.validationBatchSize, most),
      learningRate: search.learningRate * share,
      alphaLearningRate: search.alphaLearningRate * share,
    },
    train: {
      ...train,
      batchSize: Math.min(train.batchSize, most),
      learningRate: train.learningRate * share,
    },
  }
}

/** Changes what a run goes on with. Its notes say so: its first epochs were computed with something else. */
export function adjustRun(job: RunJob, folder: string, adjustment: Adjustment, now: Date): RunJob {
  const { batchSize, learningRate } = adjustment
  const adjusted = { ...job, config: adjustConfig(job.config, adjustment) }
  const changes = [
    ...(batchSize === undefined ? [] : [`at most ${batchSize} images at a time`]),
    ...(learningRate === undefined ? [] : [`a learning rate of at most ${learningRate}`]),
  ]
  const before = readAnnotation(folder).notes
  const line = `Resumed with ${changes.join(' and ')} on ${now.toISOString()}.`
  writeJson(runFiles(folder).job, adjusted)
  annotate(folder, { notes: before === '' ? line : `${before}\n${line}` })
  return adjusted
}
