import { readJson } from '#main/files'
import { RunJob, runFiles, type JobDataset } from '#main/run-folder'
import { withOwner } from '../tensor/memory.ts'
import { promptClassifier } from '../metrics/prompt-classifier.ts'
import { evaluateEach } from '../metrics/evaluate.ts'
import { readPromptFile } from '../prompts/prompt-file.ts'
import type { JobResult } from '../protocol.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'
import { keepAnswers } from './run-under-way.ts'

/**
 * Scores the prompts of a run over a split of any data set, with the class names of that data set. Answers to the
 * run's own test images are kept: runs of earlier programs have none.
 */
export async function evaluateJob(
  context: JobContext,
  { folder, dataset, split }: { folder: string; dataset: JobDataset; split: 'train' | 'validation' | 'test' },
): Promise<JobResult> {
  const files = runFiles(folder)
  const job = readJson(files.job, RunJob)
  const model = await loadModel(context, job.model)
  const learned = await readPromptFile(files.prompt, model.clip)
  const control = passControl(context, { stage: 'evaluate', message: `Scoring ${dataset.name}` })
  const texts = { ...learned.header, classNames: dataset.classNames }
  const { evaluation, scores } = await withOwner(promptClassifier(model, learned, texts), (classifier) =>
    evaluateEach(classifier, model.images, { images: dataset[split], split }, control),
  )
  if (split === 'test' && dataset.fingerprint === job.dataset.fingerprint)
    keepAnswers(folder, 'dpl', dataset, scores)
  return { kind: 'evaluate', evaluation }
}
