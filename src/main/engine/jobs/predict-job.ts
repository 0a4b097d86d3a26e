import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { AppError } from '#shared/errors'
import type { Prediction } from '#shared/schemas/results'
import type { JobModel } from '#main/run-folder'
import { chunks } from '../data/batch-plan.ts'
import { probabilities } from '../metrics/accuracy.ts'
import { SCORING_BATCH, scoreViews, type Classifier } from '../metrics/evaluate.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Raster } from '../data/transforms.ts'
import { withOwner } from '../tensor/memory.ts'
import { promptClassifier } from '../metrics/prompt-classifier.ts'
import { letMessagesIn } from '../tensor/event-loop.ts'
import { readPromptFile } from '../prompts/prompt-file.ts'
import type { JobResult } from '../protocol.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'

interface PredictTask {
  readonly folder: string
  readonly model: JobModel
  readonly images: readonly string[]
  readonly csv: string | null
  readonly top: number
}

/**
 * Classifies pictures. A picture that cannot be read gets a line with the reason; pictures that the CSV file already
 * answers are passed over, so that an interrupted pass is continued by starting it again.
 */
export async function predictJob(context: JobContext, task: PredictTask): Promise<JobResult> {
  const model = await loadModel(context, task.model)
  const learned = await readPromptFile(join(task.folder, 'prompt.safetensors'), model.clip)
  const answered = task.csv === null ? new Set<string>() : openCsv(task.csv, task.top)
  const open = task.images.filter((path) => !answered.has(path))
  const control = passControl(context, { stage: 'predict', message: 'Classifying pictures' })
  const predictions: Prediction[] = []
  await withOwner(promptClassifier(model, learned, learned.header), async (classifier) => {
    for (const batch of chunks(open, SCORING_BATCH)) {
      control.check()
      const answers = await predictBatch(classifier, model.images, batch, task.top)
      predictions.push(...answers)
      if (task.csv !== null)
        appendFileSync(task.csv, answers.map((each) => csvLine(each, task.top)).join(''), { flush: true })
      control.onProgress(predictions.length, open.length)
      await letMessagesIn()
    }
  })
  const failed = predictions.filter(({ error }) => error !== undefined).length
  return {
    kind: 'predict',
    predictions,
    scored: predictions.length - failed,
    failed,
    skipped: task.images.length - open.length,
  }
}

async function predictBatch(
  classifier: Classifier,
  source: ImageSource,
  paths: readonly string[],
  top: number,
): Promise<Prediction[]> {
  const views = await Promise.all(
    paths.map((path) => source.evaluationView(path).catch((thrown: unknown) => AppError.from(thrown))),
  )
  const readable = views.filter((view): view is Raster => !(view instanceof AppError))
  const rows = readable.length === 0 ? [] : await scoreViews(classifier, source, readable)
  let next = 0
  return paths.map((path, i) => {
    const view = views[i]
    if (view instanceof AppError) return { path, error: view.message, classes: [] }
    return { path, classes: best(probabilities(rows[next++]!), classifier.classNames, top) }
  })
}

function best(shares: readonly number[], names: readonly string[], top: number): Prediction['classes'] {
  return shares
    .map((probability, label) => ({ name: names[label]!, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top)
}

/** Begins the file or cuts off a torn last line.  -> paths that are answered already */
function openCsv(path: string, top: number): Set<string> {
  const header = csvRow([
    'path',
    ...Array.from({ length: top }, (_, i) => [`class ${i + 1}`, `probability ${i + 1}`]).flat(),
    'error',
  ])
  if (!existsSync(path)) {
    appendFileSync(path, header, { flush: true })
    return new Set()
  }
  const bytes = readFileSync(path)
  const whole = bytes.subarray(0, wholeRecords(bytes))
  if (!whole.toString('utf8').startsWith(header))
    throw new AppError(
      'invalid-input',
      `${path} exists and was not written by this command with --top ${top}.`,
      {
        hint: 'Choose another file name, or the same --top as before to continue.',
      },
    )
  truncateSync(path, whole.length)
  const rows: string[][] = parse(whole, { relax_column_count: true })
  return new Set(rows.slice(1).map(([first]) => first ?? ''))
}

/** How many bytes hold finished records: up to the last line break that stands outside quotes. */
function wholeRecords(bytes: Buffer): number {
  const [quote, lineBreak] = ['"'.charCodeAt(0), '\n'.charCodeAt(0)]
  let inside = false
  let end = 0
  bytes.forEach((byte, at) => {
    if (byte === quote) inside = !inside
    if (byte === lineBreak && !inside) end = at + 1
  })
  return end
}

function csvLine({ path, classes, error }: Prediction, top: number): string {
  const cells = Array.from({ length: top }, (_, i) => {
    const answer = classes[i]
    return answer === undefined ? ['', ''] : [answer.name, answer.probability.toFixed(6)]
  })
  return csvRow([path, ...cells.flat(), error ?? ''])
}

/** Everything quoted, so that commas and line breaks in names stay inside their cell. */
function csvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`
}
