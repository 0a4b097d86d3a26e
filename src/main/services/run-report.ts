import { existsSync } from 'node:fs'
import {
  alphaDifference,
  countDominants,
  maximumDominants,
  nearTies,
  selectContextLengths,
} from '#shared/alpha-matrix'
import { worseClasses } from '#shared/class-changes'
import { Branch } from '#shared/schemas/prompt'
import type { Run } from '#shared/schemas/run-record'
import type { RunResult, SearchEpoch } from '#shared/schemas/run'
import { readJson } from '#main/files'
import {
  describeAccuracy,
  describeClasses,
  describeContextLengths,
  describeData,
  describeDifferences,
  plainText,
  table,
} from '#main/run-card'
import { FewShotSplit, runFiles } from '#main/run-folder'
import { readJob, readMachine } from './run-records.ts'

export interface ReportParts {
  readonly run: Run
  readonly result: RunResult
  /** the last epoch of its search, if it searched */
  readonly searched: SearchEpoch | null
  /** what "dominant" means, Eq. 16 */
  readonly dominanceRatio: number
}

/** The run card of any run, also of one that has not ended: what was learned from what, how well, on what. Markdown. */
export function reportRun({ run, result, searched, dominanceRatio }: ReportParts): string {
  const job = readJob(run.folder)
  const { split } = runFiles(run.folder)
  const lengths = run.contextLengths
  const sections = [
    `# ${plainText(run.name)}`,
    `A run of DPL Studio (${run.kind}), ${run.status}.`,
    ...(run.error === null ? [] : [`It ended with: ${plainText(run.error.message)}`]),
    ...(run.notes === '' ? [] : ['## Notes', plainText(run.notes)]),
    '## Accuracy',
    describeAccuracy(result, 'Trained prompts'),
    ...describeChanges(result),
    '## Inputs',
    describeInputs(run),
    ...(existsSync(split) ? ['## Data', describeData(job, readJson(split, FewShotSplit))] : []),
    ...(lengths === null ? [] : ['## Context lengths', describeContextLengths(lengths)]),
    ...(searched === null ? [] : ['## Search', describeSearch(run, searched, dominanceRatio)]),
    "## Where the configuration differs from the paper's",
    describeDifferences(run.config),
    '## Classes',
    describeClasses(job.dataset.classNames),
  ]
  return `${sections.join('\n\n')}\n`
}

/** Everything two runs have to have in common to be the same run: what differs explains other numbers. */
function describeInputs({ folder, config, createdAt, startedAt, finishedAt }: Run): string {
  const { model, dataset } = readJob(folder)
  const machine = readMachine(folder)
  const device = machine?.device ?? machine?.processor
  return table(
    ['what', 'value'],
    [
      ['data set', plainText(dataset.name)],
      ['fingerprint of the data', plainText(dataset.fingerprint)],
      ['CLIP', plainText(model.name)],
      ['SHA-256 of its weights', plainText(model.digest)],
      ['seed', String(config.seed)],
      ['program', machine === null ? 'not known' : `DPL Studio ${machine.programVersion}`],
      ['device', device === undefined ? 'not known' : plainText(device)],
      ['created', createdAt],
      ['begun', startedAt ?? 'not yet'],
      ['ended', finishedAt ?? 'not yet'],
    ],
  )
}

/** A run that makes classes worse says which. */
function describeChanges({ zeroShot, dpl }: RunResult): string[] {
  if (zeroShot === undefined || dpl === undefined) return []
  const worse = worseClasses(zeroShot, dpl)
  if (worse.length === 0) return ['No class became worse than with CLIP alone.']
  const points = (share: number) => `${(100 * share).toFixed(1)} %`
  return [
    `Worse than with CLIP alone (${worse.length} of ${dpl.classes.length} classes):`,
    table(
      ['class', 'CLIP alone', 'prompts', 'test images'],
      worse.map(({ name, before, after, images }) => [
        plainText(name),
        points(before),
        points(after),
        String(images),
      ]),
    ),
  ]
}

function describeSearch({ config }: Run, { alpha, epoch, epochs }: SearchEpoch, ratio: number): string {
  const rows = Branch.options.flatMap((branch) => {
    const matrix = alpha[branch]
    if (matrix === null) return []
    const ties = nearTies(matrix).map((layer) => layer + 1)
    return [
      [
        branch,
        selectContextLengths(matrix, config.search.options).join(' '),
        `${alphaDifference(matrix).toFixed(2)} of ${maximumDominants(matrix)}`,
        `${countDominants(matrix, ratio)} of ${maximumDominants(matrix)}`,
        ties.length === 0 ? 'none' : ties.join(', '),
      ],
    ]
  })
  return [
    table(['branch', 'chosen', 'alpha difference', 'dominants', 'layers that are nearly tied'], rows),
    `After epoch ${epoch} of ${epochs}. An option dominates when its weight is at least ${ratio} times the other's.`,
  ].join('\n\n')
}
