import { AppError } from '#shared/errors'
import { presets } from '#shared/presets'
import type { PromptConfiguration } from '#shared/schemas/prompt'
import type { Verification } from '#shared/schemas/results'
import type { Run } from '#shared/schemas/run-record'
import type { RunResult } from '#shared/schemas/run'
import { resource } from '#main/resources'
import type { Command, CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { followRun, runOutcome, runTask } from '../follow.ts'
import { duration, percent } from '../format.ts'
import { selectDataset, selectModel } from '../select.ts'
import { comparison } from '../run-view.ts'
import { table } from '../table.ts'
import { verificationText } from './verify.ts'

/** The whole job on the sample project. */
export const demo: Command = {
  name: 'demo',
  summary: 'The whole job on the sample project: import, zero-shot, search, training, export, verification',
  usage: '[--seed n]',
  positionals: [0, 0],
  options: {
    seed: { type: 'string', value: 'n', help: 'of the few-shot images and the prompts; 1 if not given' },
  },
  examples: ['demo', 'demo --json', 'demo --seed 2'],
  access: 'write',
  async run(context, args) {
    const { api, progress } = context
    const model = await selectModel(context)
    const { text, image } = model.architecture
    progress.line(`CLIP: ${model.name}, ${text.depth} text and ${image.depth} image layers`)
    const dataset = await selectDataset(context, resource('sample'))
    const config = { ...presets.quick, ...seedOf(args.number('seed')) }
    const started = await api.request('runs/start', {
      kind: 'search-and-train',
      datasetId: dataset.id,
      modelId: model.id,
      config,
    })
    progress.line(`Run ${started.id}: zero-shot, search, training, evaluation`)
    const run = await followRun(context, started)
    if (run.status !== 'finished') return await runOutcome(api, run)

    const { export: record } = await runTask(context, 'export', () =>
      api.request('runs/export', { id: run.id }),
    )
    progress.line(`Exported ${record.files.length} files to ${record.folder}`)
    const { verification } = await runTask(context, 'verify', () =>
      api.request('exports/verify', { source: record.folder }),
    )
    progress.line(verificationText(verification))
    const result = await api.request('runs/result', { id: run.id })
    return demoOutcome(context, { run, result, verification, exportFolder: record.folder })
  },
}

interface DemoParts {
  run: Run
  result: RunResult
  verification: Verification
  exportFolder: string
}

function demoOutcome({ setupSeconds }: CommandContext, parts: DemoParts): Outcome {
  const { run, result, verification, exportFolder } = parts
  const { zeroShot, dpl, contextLengths } = result
  if (zeroShot === undefined || dpl === undefined || contextLengths === undefined)
    throw new AppError('internal', `${run.id} ended without a result`)
  const seconds = {
    setup: setupSeconds,
    search: result.searchSeconds ?? null,
    train: result.trainSeconds ?? null,
  }
  return {
    json: {
      zeroShot: { accuracy: zeroShot.accuracy, macroF1: zeroShot.macroF1, images: zeroShot.images },
      dpl: { accuracy: dpl.accuracy, macroF1: dpl.macroF1, images: dpl.images, contextLengths },
      verify: verification,
      seconds,
      paths: { run: run.folder, export: exportFolder },
    },
    text: [
      table([
        ['', 'accuracy', 'macro-F1'],
        ['  zero-shot', percent(zeroShot.accuracy), percent(zeroShot.macroF1)],
        ['  DPL', percent(dpl.accuracy), percent(dpl.macroF1)],
      ]),
      ...comparison(result),
      `  search ${duration(seconds.search)}, training ${duration(seconds.train)}`,
      lengthsText(contextLengths),
      `  ${verificationText(verification)}`,
      table([
        ['  run', run.folder],
        ['  export', exportFolder],
      ]),
    ].join('\n'),
    exitCode: verification.passed ? exitCodes.ok : exitCodes.verificationFailed,
  }
}

function lengthsText({ text, image }: PromptConfiguration): string {
  return `  context lengths per layer: text ${text.join(' ')}, image ${image.join(' ')}`
}

function seedOf(seed: number | undefined): { seed?: number } {
  return seed === undefined ? {} : { seed }
}
