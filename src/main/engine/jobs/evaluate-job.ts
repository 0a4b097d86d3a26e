import { readJson } from '#main/files'
import { RunJob, runFiles, type JobDataset } from '#main/run-folder'
import { withOwner } from '../tensor/memory.ts'
import { promptClassifier } from '../metrics/prompt-classifier.ts'
import { evaluate } from '../metrics/evaluate.ts'
import { readPromptFile } from '../prompts/prompt-file.ts'
import type { JobResult } from '../protocol.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'

/** Scores the prompts of a run over a split of any data set, with the class names of that data set. */
export async function evaluateJob(
  context: JobContext,
  { folder, dataset, split }: { folder: string; dataset: JobDataset; split: 'train' | 'validation' | 'test' },
): Promise<JobResult> {
  const files = runFiles(folder)
  const model = await loadModel(context, readJson(files.job, RunJob).model)
  const learned = await readPromptFile(files.prompt, model.clip)
  const control = passControl(context, { stage: 'evaluate', message: `Scoring ${dataset.name}` })
  const texts = { ...learned.header, classNames: dataset.classNames }
  const evaluation = await withOwner(promptClassifier(model, learned, texts), (classifier) =>
    evaluate(classifier, model.images, { images: dataset[split], split }, control),
  )
  return { kind: 'evaluate', evaluation }
}
