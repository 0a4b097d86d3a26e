import { differences, presets } from '#shared/presets'
import { Branch, type PromptConfiguration } from '#shared/schemas/prompt'
import type { Evaluation, RunConfig, RunResult } from '#shared/schemas/run'
import type { FewShotSplit, LabelledImage, RunJob } from './run-folder.ts'

// Parts of run cards in Markdown: of the card in an export, and of that of any run.

/** What was measured, method by method; `trained` names the last of them. */
export function describeAccuracy(result: RunResult, trained: string): string {
  const rows: [string, Evaluation | undefined][] = [
    ['CLIP without prompts (zero-shot)', result.zeroShot],
    ['All options mixed, after the search', result.supprompt],
    [`**${trained}**`, result.dpl],
  ]
  const measured = rows.flatMap(([what, evaluation]) =>
    evaluation === undefined
      ? []
      : [[what, percent(evaluation.accuracy), percent(evaluation.macroF1), String(evaluation.images)]],
  )
  if (measured.length === 0) return 'Nothing was measured.'
  return table(['on the test split', 'accuracy', 'macro-F1', 'images'], measured)
}

/** Which data there was, and how many labels of it a run used. */
export function describeData(job: RunJob, split: FewShotSplit): string {
  const searched = job.kind !== 'train'
  const alpha = searched ? split.alpha : []
  const used = [...split.train, ...(searched ? split.searchTrain : []), ...alpha, ...split.validation]
  return [
    table(
      ['what', 'value'],
      [
        ['data set', plainText(job.dataset.name)],
        ['fingerprint', plainText(job.dataset.fingerprint)],
        ['classes', String(job.dataset.classNames.length)],
        ['images that taught the prompts', String(split.train.length)],
        ['images that decided the context lengths', String(alpha.length)],
        ['images that were only watched during training', String(withoutOthers(split.validation, alpha))],
        ['**labelled images used, in all**', String(countDistinct(used))],
        ['test images', String(job.dataset.test.length)],
        ['seed', String(job.config.seed)],
      ],
    ),
    'Methods that need no second set of labelled images use fewer than the total above; compare at equal totals.',
  ].join('\n\n')
}

function withoutOthers(images: readonly LabelledImage[], others: readonly LabelledImage[]): number {
  const known = new Set(others.map(({ path }) => path))
  return images.filter(({ path }) => !known.has(path)).length
}

function countDistinct(images: readonly LabelledImage[]): number {
  return new Set(images.map(({ path }) => path)).size
}

/** The context length of every layer of both branches. */
export function describeContextLengths(contextLengths: PromptConfiguration): string {
  const depth = Math.max(...Branch.options.map((branch) => contextLengths[branch].length))
  const row = (branch: Branch) =>
    Array.from({ length: depth }, (_, layer) => String(contextLengths[branch][layer] ?? ''))
  return table(
    ['layer', ...Array.from({ length: depth }, (_, layer) => String(layer))],
    Branch.options.map((branch) => [branch, ...row(branch)]),
  )
}

/** Fields of a configuration that are not the paper's. */
export function describeDifferences(config: RunConfig): string {
  const changed = differences(presets.paper, config)
  if (changed.length === 0) return 'Nowhere.'
  const show = (value: unknown) => (value === undefined ? 'not set' : plainText(JSON.stringify(value)))
  return table(
    ['field', 'paper', 'here'],
    changed.map(({ field, from, to }) => [plainText(field), show(from), show(to)]),
  )
}

/** The classes in the order of their labels. */
export function describeClasses(names: readonly string[]): string {
  return names.map((name, i) => `${i}. ${plainText(name)}`).join('\n')
}

/** Text from outside as plain Markdown text: on one line, and nothing in it is markup, a link or HTML. */
export function plainText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '') // would turn the text around them about
    .replace(/[&<]/g, (sign) => (sign === '&' ? '&amp;' : '&lt;'))
    .replace(/[\\`*_{}[\]>#|~!$:@]|(?<=www)\.|^\s*[-+]|(?<=^\s*\d+)[.)]/gi, (sign) => `\\${sign.trimStart()}`)
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
