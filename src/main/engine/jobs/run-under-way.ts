import { existsSync } from 'node:fs'
import { AppError } from '#shared/errors'
import type { PromptConfiguration } from '#shared/schemas/prompt'
import { RunResult, type EvaluatedMethod, type Evaluation } from '#shared/schemas/run'
import { ANSWER_CLASSES, writeAnswers } from '#main/answers-file'
import { readJson, writeJson } from '#main/files'
import { answersFile, datasetPath, FewShotSplit, RunJob, runFiles, type JobDataset } from '#main/run-folder'
import { drawFewShot } from '../data/few-shot.ts'
import { mostProbable } from '../metrics/accuracy.ts'
import { evaluateEach, type Classifier } from '../metrics/evaluate.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'
import type { LoadedModel } from './model-shelf.ts'

/** A run under way: what its stages share. */
export interface RunUnderWay {
  readonly context: JobContext
  readonly folder: string
  readonly job: RunJob
  readonly files: ReturnType<typeof runFiles>
  readonly model: LoadedModel
  readonly split: FewShotSplit
  /** what it has come to; parts that are there are not done again */
  result: RunResult
}

/** Writes what a stage has come to, then lets the world know. */
export function record(run: RunUnderWay, part: Partial<RunResult>): void {
  run.result = { ...run.result, ...part }
  writeJson(run.files.result, run.result)
}

/**
 * Evaluates over the test split and keeps the answer to each image; nothing is recorded yet. An evaluation that is
 * done again after a crash replaces the answers.
 */
export async function scoreTestSplit(
  { context, folder, job, model }: RunUnderWay,
  method: EvaluatedMethod,
  classifier: Classifier,
): Promise<Evaluation> {
  const stage = method === 'zero-shot' ? 'zero-shot' : 'evaluate'
  const control = passControl(context, { stage, message: `Scoring test images, ${method}` })
  const task = { images: job.dataset.test, split: 'test' as const }
  const { evaluation, scores } = await evaluateEach(classifier, model.images, task, control)
  keepAnswers(folder, method, job.dataset, scores)
  return evaluation
}

/** Keeps the answer to each test image of a run, in place of those that were kept before. */
export function keepAnswers(
  folder: string,
  method: EvaluatedMethod,
  dataset: JobDataset,
  scores: readonly number[][],
): void {
  const answers = scores.map((row, i) => {
    const top = mostProbable(row, ANSWER_CLASSES)
    const { path, label } = dataset.test[i]!
    return { path: datasetPath(dataset, path), label, predicted: top[0]!.label, top }
  })
  writeAnswers(answersFile(folder, method), answers)
}

/** Records an evaluation under its method and announces it. */
export function announce(run: RunUnderWay, method: EvaluatedMethod, evaluation: Evaluation): void {
  record(run, { [method === 'zero-shot' ? 'zeroShot' : method]: evaluation })
  run.context.emit('job/evaluated', { id: run.context.id, method, evaluation })
}

/** Context lengths with 0 for every layer of the branches that get no prompts. */
export function withoutPrompts({ clip }: LoadedModel): PromptConfiguration {
  return {
    text: new Array<number>(clip.text.depth).fill(0),
    image: new Array<number>(clip.image.depth).fill(0),
  }
}

/** Reads a run folder, draws its images if that has not been done, and loads its CLIP. */
export async function openRun(context: JobContext, folder: string): Promise<RunUnderWay> {
  const files = runFiles(folder)
  const job = readJson(files.job, RunJob)
  checkDataset(job.dataset)
  const split = openSplit(files.split, job)
  const result = existsSync(files.result) ? readJson(files.result, RunResult) : {}
  const model = await loadModel(context, job.model)
  return { context, folder, job, files, model, split, result }
}

function checkDataset({ name, test }: JobDataset): void {
  if (test.length > 0) return
  throw new AppError('invalid-input', `${name} has no test images, so nothing could be measured.`, {
    hint: 'Import it again with a share of test images.',
  })
}

/** The images of the run, drawn once and then read: a change of the data set cannot change a run under way. */
function openSplit(path: string, { config, dataset }: RunJob): FewShotSplit {
  if (existsSync(path)) return readJson(path, FewShotSplit)
  const { seed, shots, validationShots, search } = config
  const request = { train: dataset.train, validation: dataset.validation, shots, validationShots, seed }
  const drawn = drawFewShot(request)
  const halves =
    search.alphaData === 'train-halves' ? drawFewShot({ ...request, alphaData: 'train-halves' }) : null
  const split = {
    seed,
    shots,
    train: drawn.train,
    searchTrain: halves?.train ?? drawn.train,
    alpha: halves?.validation ?? drawn.validation,
    validation: drawn.validation,
  }
  writeJson(path, split)
  return split
}
