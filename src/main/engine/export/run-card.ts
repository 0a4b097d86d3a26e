import type { PromptHeader } from '#shared/schemas/prompt-header'
import type { RunResult } from '#shared/schemas/run'
import {
  describeAccuracy,
  describeClasses,
  describeContextLengths,
  describeData,
  describeDifferences,
  plainText,
  table,
} from '#main/run-card'
import type { FewShotSplit, RunJob } from '#main/run-folder'
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
  const { job, split, result, prompt } = parts
  const sections = [
    `# ${plainText(job.name)}`,
    `Prompts that fit a CLIP to ${job.dataset.classNames.length} classes, learned by ${plainText(job.config.method.toUpperCase())} with DPL Studio. ` +
      'They are numbers only; the weights of the CLIP are not in this folder.',
    '## Accuracy',
    describeAccuracy(result, 'These prompts'),
    '## Data',
    describeData(job, split),
    '## Context lengths',
    describeContextLengths(prompt.contextLengths),
    "## Where the configuration differs from the paper's",
    describeDifferences(job.config),
    '## Classes',
    describeClasses(job.dataset.classNames),
    '## Use',
    USE,
    '## Limits',
    describeLimits(parts),
    '## Files',
    FILES,
  ]
  return `${sections.join('\n\n')}\n`
}

function describeLimits({ job, prompt }: FinishedRun): string {
  return [
    `- They work with one CLIP only: ${plainText(job.model.name)}, weights with the SHA-256 ${plainText(prompt.header.clipDigest)}.`,
    '- The accuracies are of one run with one seed. Pictures unlike those of the data set may be answered worse than by plain CLIP.',
    '- Every picture gets one of the classes above, also when it shows none of them.',
    '- `verification.json` names test pictures by their paths. Remove it before passing the folder on, if that matters.',
  ].join('\n')
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
