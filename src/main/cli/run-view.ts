import {
  DEFAULT_DOMINANCE_RATIO,
  alphaDifference,
  countDominants,
  isSingleDominant,
  margins,
  maximumDominants,
  nearTies,
  selectContextLengths,
  type AlphaMatrix,
} from '#shared/alpha-matrix'
import { worseClasses } from '#shared/class-changes'
import type { Run } from '#shared/schemas/run-record'
import type { EpochReport, Evaluation, RunResult, SearchEpoch } from '#shared/schemas/run'
import { duration, percent, short } from './format.ts'
import { table } from './table.ts'

const BRANCHES = ['text', 'image'] as const

/** One epoch in one line. */
export function epochLine(report: EpochReport): string {
  return `${report.stage} ${report.epoch}/${report.epochs}  ${epochNumbers(report)}  ${report.seconds.toFixed(1)} s`
}

/** Losses, accuracies and, of the search, how far the choice has come. */
export function epochNumbers(report: EpochReport): string {
  const { trainLoss, trainAccuracy, validationLoss, validationAccuracy } = report
  const parts: string[] = []
  if (trainLoss !== null) parts.push(`loss ${short(trainLoss)}`)
  if (report.stage === 'train' && report.distillationLoss !== null)
    parts.push(`(deviation ${short(report.deviationLoss)}, distillation ${short(report.distillationLoss)})`)
  if (validationLoss !== null) parts.push(`val ${short(validationLoss)}`)
  if (trainAccuracy !== null) parts.push(`acc ${percent(trainAccuracy)}`)
  if (validationAccuracy !== null) parts.push(`val acc ${percent(validationAccuracy)}`)
  if (report.stage === 'search') parts.push(...alphaParts(report))
  return parts.join('  ')
}

/** How far the choice has come: alpha difference (Eq. 15) and dominants (Eq. 16), each of its ceiling. */
function alphaParts({ alpha }: SearchEpoch): string[] {
  const searched = BRANCHES.flatMap((branch) => alpha[branch] ?? [])
  if (searched.length === 0) return []
  const each = (measure: (matrix: AlphaMatrix) => string) =>
    BRANCHES.flatMap((branch) => (alpha[branch] === null ? [] : [measure(alpha[branch])])).join('/')
  return [
    `α difference ${each((matrix) => alphaDifference(matrix).toFixed(2))}`,
    `dominants ${each((matrix) => String(countDominants(matrix)))} of ${maximumDominants(searched)}`,
  ]
}

/** What the search has chosen, layer by layer, and how sure it is. */
export function choiceText({ alpha }: SearchEpoch, options: readonly number[]): string {
  const lines = BRANCHES.flatMap((branch) => {
    const matrix = alpha[branch]
    if (matrix === null) return []
    const lengths = selectContextLengths(matrix, options)
    const undecided = nearTies(matrix).map((layer) => layer + 1)
    const sure = isSingleDominant(matrix)
      ? `every layer decided (${DEFAULT_DOMINANCE_RATIO} times the weight of the others)`
      : undecided.length === 0
        ? 'no near ties'
        : `near ties in layers ${undecided.join(', ')}`
    return [
      `  ${branch.padEnd(5)}  context lengths ${lengths.join(' ')}   (${lengths.reduce((a, b) => a + b, 0)} prompt tokens)`,
      `         margins ${margins(matrix)
        .map((margin) => margin.toFixed(2))
        .join(' ')}; ${sure}`,
    ]
  })
  return ['Chosen by the search:', ...lines].join('\n')
}

/** The result of a run as text: what was reached, against zero-shot, and where it got worse. */
export function resultText(run: Run, result: RunResult): string {
  const rows = [
    ...evaluationRow('zero-shot', result.zeroShot),
    ...evaluationRow('supprompt (after the search)', result.supprompt),
    ...evaluationRow('DPL', result.dpl),
  ]
  const lengths = result.contextLengths
  return [
    `${run.name}  ${run.status}`,
    ...(rows.length === 0 ? [] : [table([['  method', 'accuracy', 'macro-F1', 'test images'], ...rows])]),
    ...(lengths === undefined
      ? []
      : [`  context lengths  text ${lengths.text.join(' ')}   image ${lengths.image.join(' ')}`]),
    ...timeLine(result),
    ...comparison(result),
    `  folder  ${run.folder}`,
  ].join('\n')
}

function evaluationRow(name: string, evaluation: Evaluation | undefined): string[][] {
  if (evaluation === undefined) return []
  const { accuracy, macroF1, images } = evaluation
  return [[`  ${name}`, percent(accuracy), percent(macroF1), String(images)]]
}

function timeLine({ searchSeconds, trainSeconds }: RunResult): string[] {
  if (searchSeconds === undefined && trainSeconds === undefined) return []
  return [`  search ${duration(searchSeconds)}   training ${duration(trainSeconds)}`]
}

/** DPL against zero-shot in a sentence, and the classes that got worse; a line each. */
export function comparison({ zeroShot, dpl }: RunResult): string[] {
  if (zeroShot === undefined || dpl === undefined) return []
  const points = (dpl.accuracy - zeroShot.accuracy) * 100
  const verdict = points > 0 ? 'better than' : points < 0 ? 'worse than' : 'equal to'
  const worse = worseClasses(zeroShot, dpl)
  return [
    `  ${Math.abs(points).toFixed(1)} points ${verdict} zero-shot on ${dpl.images} test images`,
    ...(worse.length === 0 ? [] : [`  worse than zero-shot: ${worse.map(({ name }) => name).join(', ')}`]),
  ]
}

/** Accuracy and F1 of every class. */
export function classTable(evaluation: Evaluation): string {
  return table([
    ['  class', 'images', 'accuracy', 'F1'],
    ...evaluation.classes.map(({ name, images, accuracy, f1 }) => [
      `  ${name}`,
      images,
      percent(accuracy),
      percent(f1),
    ]),
  ])
}
