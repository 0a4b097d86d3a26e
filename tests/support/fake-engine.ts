/**
 * An engine without numbers: speaks the engine's protocol in a real process, writes the files of a run, and
 * misbehaves on demand. Environment: FAKE_MODE = normal | fail | crash | hang | garbage | malformed | noisy,
 * FAKE_EPOCH_MS = how long an epoch takes.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#shared/errors'
import { serveTable } from '#shared/rpc'
import { EpochReport, RunResult, type Evaluation } from '#shared/schemas/run'
import { parentPort } from '#main/process-port'
import { engineEvents, engineRequests, type Job, type JobResult } from '#main/engine/protocol'
import { writeAnswers } from '#main/answers-file'
import { answersFile, datasetPath, RunJob, runFiles } from '#main/run-folder'

const mode = process.env['FAKE_MODE'] ?? 'normal'
const epochMs = Number(process.env['FAKE_EPOCH_MS'] ?? 1)

process.on('SIGINT', () => undefined)
const port = parentPort()
port.onClose(() => process.exit(0))
let interrupted: 'pause' | 'cancel' | 'stop-search' | null = null
let busy = false

const emit = serveTable({ requests: engineRequests, events: engineEvents }, port, {
  'job/start': (job) => {
    if (busy) throw new AppError('internal', 'busy')
    busy = true
    interrupted = null
    perform(job)
      .then(
        (result) => emit('job/finished', { id: job.id, result }),
        (thrown: unknown) => emit('job/failed', { id: job.id, error: AppError.from(thrown).toJSON() }),
      )
      .finally(() => (busy = false))
  },
  'job/interrupt': ({ how }) => {
    if (mode === 'hang') return
    interrupted = how
  },
})

async function perform(job: Job): Promise<JobResult> {
  if (mode === 'fail')
    throw new AppError('bad-file', 'The weights are truncated', { hint: 'Copy them again.' })
  if (mode === 'hang') await sleep(600_000)
  if (mode === 'noisy') {
    process.stderr.write('I0000 oneDNN custom operations are on. You may see...\n')
    process.stderr.write(
      'Created device /job:localhost/device:GPU:0 with 78 MB memory:  -> device: 0, name: NVIDIA H100, pci bus\n',
    )
  }
  if (mode === 'garbage') {
    process.send?.('nonsense')
    process.send?.({ type: 'reply', id: 4711 })
    process.send?.({
      type: 'event',
      name: 'job/finished',
      payload: { id: 'another job', result: { kind: 'export', target: '', files: [] } },
    })
  }
  if (mode === 'malformed') {
    process.send?.({ type: 'event', name: 'job/finished', payload: { id: job.id, result: 42 } })
    await sleep(600_000)
  }
  switch (job.kind) {
    case 'run':
      return await performRun(job.folder, job.id)
    case 'evaluate':
      return { kind: 'evaluate', evaluation: evaluation(0.9) }
    case 'export': {
      const { runId, model } = RunJob.parse(JSON.parse(readFileSync(runFiles(job.folder).job, 'utf8')))
      mkdirSync(job.target, { recursive: true })
      const config = { pid: process.pid, run: { id: runId }, model: { digest: model.digest } }
      writeFileSync(join(job.target, 'config.json'), JSON.stringify(config))
      return { kind: 'export', target: job.target, files: ['config.json'] }
    }
    case 'verify':
      return {
        kind: 'verify',
        verification: {
          images: 1,
          // An export knows which process wrote it: a verification in the same one is no verification.
          ...(String(process.pid) === exportedBy(job.exportFolder)
            ? { maxProbabilityDifference: 1, agreement: 0, tolerance: 1e-3, passed: false }
            : {
                maxProbabilityDifference: 1e-6,
                agreement: 1,
                tolerance: 1e-3,
                passed: !existsSync(join(job.exportFolder, 'damaged')),
              }),
        },
      }
    case 'predict':
      await sleep(epochMs)
      return {
        kind: 'predict',
        predictions: job.images.map((path) => ({ path, classes: [{ name: 'cat', probability: 1 }] })),
        scored: job.images.length,
        failed: 0,
        skipped: 0,
      }
    case 'score-wordings':
      return { kind: 'score-wordings', evaluations: job.wordings.map((_, i) => evaluation(0.5 + i / 10)) }
    case 'inspect-model':
      return {
        kind: 'inspect-model',
        architecture: fakeArchitecture,
        digest: digestOf(job.path),
        source: 'huggingface',
        sizeBytes: 12,
      }
    case 'describe':
      return {
        kind: 'describe',
        description: {
          backend: 'fake',
          usingGpu: false,
          deviceName: null,
          tensorflowVersion: '0',
          bindingVersion: '0',
          selfTest: [{ name: 'multiplication', passed: true, detail: '' }],
        },
      }
  }
}

async function performRun(folder: string, id: string): Promise<JobResult> {
  const files = runFiles(folder)
  const job = RunJob.parse(JSON.parse(readFileSync(files.job, 'utf8')))
  const result: RunResult = existsSync(files.result)
    ? RunResult.parse(JSON.parse(readFileSync(files.result, 'utf8')))
    : {}
  if (job.name.includes('planted failure'))
    throw new AppError('diverged', 'The loss is not a number any more')
  const save = () => writeFileSync(files.result, JSON.stringify(result))
  /** Plain CLIP takes the last image for one of the first class. */
  const answer = (method: 'zero-shot' | 'dpl') =>
    writeAnswers(
      answersFile(folder, method),
      job.dataset.test.map(({ path, label }, index, { length }) => {
        const predicted = method === 'zero-shot' && index === length - 1 ? 0 : label
        return {
          path: datasetPath(job.dataset, path),
          label,
          predicted,
          top: [{ label: predicted, probability: 1 }],
        }
      }),
    )
  if (result.zeroShot === undefined) {
    result.zeroShot = evaluation(0.5)
    answer('zero-shot')
    save()
    emit('job/evaluated', { id, method: 'zero-shot', evaluation: result.zeroShot })
  }
  const done = existsSync(files.epochs)
    ? readFileSync(files.epochs, 'utf8')
        .trim()
        .split('\n')
        .map((line) => EpochReport.parse(JSON.parse(line)))
    : []
  const { search, train } = job.config
  const planned: EpochReport[] = [
    ...(job.kind === 'search' || job.kind === 'search-and-train'
      ? Array.from({ length: search.epochs + 1 }, (_, epoch) =>
          searchEpoch(epoch, search.epochs, search.options.length),
        )
      : []),
    ...(job.kind === 'train' || job.kind === 'search-and-train'
      ? Array.from({ length: train.epochs }, (_, index) => trainEpoch(index + 1, train.epochs))
      : []),
  ]
  let searchStopped = false
  for (const [index, report] of planned.entries()) {
    if (done.some(({ stage, epoch }) => stage === report.stage && epoch === report.epoch)) continue
    if (report.stage === 'search' && searchStopped) continue
    if (mode === 'crash' && done.length === 0 && index === 2) {
      process.stderr.write('Check failed: something broke\n')
      process.kill(process.pid, 'SIGKILL')
    }
    emit('job/progress', {
      id,
      stage: report.stage,
      message: 'step',
      done: 1,
      total: 2,
      epoch: report.epoch,
      epochs: report.epochs,
      secondsLeft: 1,
    })
    await sleep(epochMs)
    if (interrupted === 'pause' || interrupted === 'cancel')
      return { kind: 'run', status: interrupted === 'pause' ? 'paused' : 'cancelled', result }
    if (interrupted === 'stop-search') searchStopped = true
    appendFileSync(files.epochs, `${JSON.stringify(report)}\n`)
    emit('job/epoch', { id, report })
  }
  if (job.kind !== 'zero-shot') result.contextLengths = { text: [0, 4], image: [2, 6] }
  if (job.kind === 'train' || job.kind === 'search-and-train') {
    result.dpl = evaluation(0.75)
    answer('dpl')
    writeFileSync(files.prompt, 'prompts')
    result.trainSeconds = 1
    emit('job/evaluated', { id, method: 'dpl', evaluation: result.dpl })
  }
  save()
  return { kind: 'run', status: 'finished', result }
}

/** Of the file `weights` in a model's folder. */
function digestOf(folder: string): string {
  const weights = join(folder, 'weights')
  if (!existsSync(weights)) throw new AppError('bad-file', `${folder} is no CLIP`)
  return createHash('sha256').update(readFileSync(weights)).digest('hex')
}

function exportedBy(folder: string): string {
  return String((JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { pid: number }).pid)
}

function searchEpoch(epoch: number, epochs: number, options: number): EpochReport {
  const alpha = Array.from({ length: 2 }, (_, layer) =>
    Array.from({ length: options }, (_, option) => epoch * (option === layer ? 1 : 0)),
  )
  const first = epoch === 0
  return {
    stage: 'search',
    epoch,
    epochs,
    steps: epoch * 2,
    trainLoss: first ? null : 1 / epoch,
    trainAccuracy: first ? null : 0.5,
    validationLoss: first ? null : 2 / epoch,
    validationAccuracy: first ? null : 0.5,
    learningRate: 0.1,
    alphaLearningRate: 0.1,
    alpha: { text: alpha, image: alpha },
    seconds: 0.01,
  }
}

function trainEpoch(epoch: number, epochs: number): EpochReport {
  return {
    stage: 'train',
    epoch,
    epochs,
    steps: epoch * 2,
    trainLoss: 1 / epoch,
    deviationLoss: 1 / epoch,
    distillationLoss: null,
    trainAccuracy: 0.9,
    validationLoss: null,
    validationAccuracy: null,
    learningRate: 0.1,
    seconds: 0.01,
  }
}

function evaluation(accuracy: number): Evaluation {
  return {
    split: 'test',
    images: 10,
    accuracy,
    macroF1: accuracy,
    loss: 1,
    classes: [
      { name: 'cat', images: 5, accuracy, f1: accuracy },
      { name: 'dog', images: 5, accuracy, f1: accuracy },
    ],
    confusion: [
      [5, 0],
      [0, 5],
    ],
    seconds: 0.1,
  }
}

const fakeArchitecture = {
  image: { width: 8, depth: 2, heads: 2, patchSize: 8, imageSize: 32 },
  text: { width: 8, depth: 2, heads: 2, textPositions: 16, vocabularySize: 64 },
  embeddingSize: 8,
  activation: 'quick_gelu',
  layerNormEpsilon: 1e-5,
}
