import { existsSync } from 'node:fs'
import { RunResult } from '#shared/schemas/run'
import { AppError } from '#shared/errors'
import { readJson } from '#main/files'
import { readAnnotation } from '#main/run-annotation'
import { resource } from '#main/resources'
import { FewShotSplit, RunJob, runFiles } from '#main/run-folder'
import { withOwner } from '../tensor/memory.ts'
import { promptClassifier, readClassTexts } from '../metrics/prompt-classifier.ts'
import { writeExport } from '../export/export-folder.ts'
import { collectAnswers } from '../export/verification.ts'
import { readPromptFile } from '../prompts/prompt-file.ts'
import type { JobResult } from '../protocol.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'

/** Test images whose answers go along with an export, for others to compare theirs with. */
const STORED_ANSWERS = 64

/** Writes the prompts of a run with everything another program needs to use them. */
export async function exportJob(
  context: JobContext,
  { folder, target }: { folder: string; target: string },
): Promise<JobResult> {
  const files = runFiles(folder)
  const stored = readJson(files.job, RunJob)
  const job = { ...stored, name: readAnnotation(folder).name ?? stored.name }
  if (!existsSync(files.prompt))
    throw new AppError('not-found', `${job.name} has no trained prompts to export yet.`, {
      hint: `Finish its training first: resume it (dplstudio resume ${job.runId}).`,
    })
  const model = await loadModel(context, job.model)
  const prompt = await readPromptFile(files.prompt, model.clip)
  const { header } = prompt
  const written = await withOwner(promptClassifier(model, prompt, header), async (classifier) => {
    const control = passControl(context, { stage: 'export', message: 'Scoring test images for the export' })
    const images = { images: job.dataset.test, atMost: STORED_ANSWERS }
    return writeExport(target, {
      prompt,
      job,
      result: readJson(files.result, RunResult),
      split: readJson(files.split, FewShotSplit),
      classTexts: readClassTexts(model, header),
      classFeatures: (await classifier.classFeatures.data()) as Float32Array,
      logitScale: model.clip.logitScale,
      preprocessing: model.images.preprocessing,
      alphaFiles: { text: ifThere(files.alphaText), image: ifThere(files.alphaImage) },
      answers: await collectAnswers(classifier, model.images, images, control),
      loader: resource('export', 'load_prompts.py'),
    })
  })
  return { kind: 'export', target, files: written }
}

function ifThere(path: string): string | null {
  return existsSync(path) ? path : null
}
