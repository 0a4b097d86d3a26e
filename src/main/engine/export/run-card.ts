import { differences, presets } from '#shared/presets'
import { Branch } from '#shared/schemas/prompt'
import type { PromptHeader } from '#shared/schemas/prompt-header'
import type { Evaluation, RunResult } from '#shared/schemas/run'
import type { FewShotSplit, LabelledImage, RunJob } from '#main/run-folder'
import type { LearnedPrompts } from '../prompts/prompt-file.ts'

/** A finished run and what it learned. */
export interface FinishedRun {
  /** the run's prompt file, as read */
  readonly prompt: LearnedPrompts & { readonly header: PromptHeader }
  readonly job: RunJob
  readonly result: RunResult
  readonly split: FewShotSplit
}

/** The run card: what was learned from which data, how well it does, and how to use it. Markdown. */
export function describeRun(parts: FinishedRun): string {
  const { job } = parts
  const sections = [
    `# ${plainText(job.name)}`,
    `Prompts that fit a CLIP to ${job.dataset.classNames.length} classes, learned by ${plainText(job.config.method.toUpperCase())} with DPL Studio. ` +
      'They are numbers only; the weights of the CLIP are not in this folder.',
    '## Accuracy',
    describeAccuracy(parts),
    '## Data',
    describeData(parts),
    '## Context lengths',
    describeContextLengths(parts),
    "## Where the configuration differs from the paper's",
    describeDifferences(parts),
    '## Classes',
    job.dataset.classNames.map((name, i) => `${i}. ${plainText(name)}`).join('\n'),
    '## Use',
    USE,
    '## Limits',
    describeLimits(parts),
    '## Files',
    FILES,
  ]
  return `${sections.join('\n\n')}\n`
}

/** Text from outside as plain Markdown text: on one line, and nothing in it is markup, a link or HTML. */
export function plainText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '') // would turn the text around them about
    .replace(/[&<]/g, (sign) => (sign === '&' ? '&amp;' : '&lt;'))
    .replace(/[\\`*_{}[\]>#|~!$:@]|(?<=www)\.|^\s*[-+]|(?<=^\s*\d+)[.)]/gi, (sign) => `\\${sign.trimStart()}`)
}

function describeAccuracy({ result }: FinishedRun): string {
  const rows: [string, Evaluation | undefined][] = [
    ['CLIP without prompts (zero-shot)', result.zeroShot],
    ['All options mixed, after the search', result.supprompt],
    ['**These prompts**', result.dpl],
  ]
  const measured = rows.flatMap(([what, evaluation]) =>
    evaluation === undefined
      ? []
      : [[what, percent(evaluation.accuracy), percent(evaluation.macroF1), String(evaluation.images)]],
  )
  if (measured.length === 0) return 'Nothing was measured.'
  return table(['on the test split', 'accuracy', 'macro-F1', 'images'], measured)
}

function describeData({ job, split }: FinishedRun): string {
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

function describeContextLengths({ prompt }: FinishedRun): string {
  const { contextLengths } = prompt
  const depth = Math.max(...Branch.options.map((branch) => contextLengths[branch].length))
  const row = (branch: Branch) =>
    Array.from({ length: depth }, (_, layer) => String(contextLengths[branch][layer] ?? ''))
  return table(
    ['layer', ...Array.from({ length: depth }, (_, layer) => String(layer))],
    Branch.options.map((branch) => [branch, ...row(branch)]),
  )
}

function describeDifferences({ job }: FinishedRun): string {
  const changed = differences(presets.paper, job.config)
  if (changed.length === 0) return 'Nowhere.'
  const show = (value: unknown) => (value === undefined ? 'not set' : plainText(JSON.stringify(value)))
  return table(
    ['field', 'paper', 'here'],
    changed.map(({ field, from, to }) => [plainText(field), show(from), show(to)]),
  )
}

function describeLimits({ job, prompt }: FinishedRun): string {
  return [
    `- They work with one CLIP only: ${plainText(job.model.name)}, weights with the SHA-256 ${plainText(prompt.header.clipDigest)}.`,
    '- The accuracies are of one run with one seed. Pictures unlike those of the data set may be answered worse than by plain CLIP.',
    '- Every picture gets one of the classes above, also when it shows none of them.',
    '- `verification.json` names test pictures by their paths. Remove it before passing the folder on, if that matters.',
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

const USE = `With Python, PyTorch, transformers, Pillow and safetensors, in this folder, beside a Hugging Face folder of the CLIP:

\`\`\`python
from PIL import Image
from load_prompts import load

clip = load(".", "path/to/clip")
probabilities = clip.class_probabilities([Image.open("picture.jpg")])
print(clip.class_names[probabilities[0].argmax()])
\`\`\`

Or from a shell: \`python load_prompts.py . path/to/clip picture.jpg\`. With DPL Studio: \`dplstudio verify\` and \`dplstudio predict\`.`

const FILES = table(
  ['file', 'content'],
  [
    ['`prompt.safetensors`', 'the prompts, `text.<layer>` and `image.<layer>`, with a header'],
    ['`config.json`', 'everything a program needs, with the SHA-256 of each file'],
    ['`classifier.safetensors`', '`text_features` of the classes and `logit_scale`: no text branch needed'],
    ['`classes.json`', 'class names in the order of the answers'],
    ['`preprocessor_config.json`', "image preprocessing in transformers' words"],
    [
      '`alpha-text.npy`, `alpha-image.npy`',
      'alpha after each epoch of the search, [epochs + 1, layers, options]',
    ],
    ['`verification.json`', 'answers to test pictures, to check a program against'],
    ['`load_prompts.py`', 'loader for PyTorch and transformers'],
  ],
)
