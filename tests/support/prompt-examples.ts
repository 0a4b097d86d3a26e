import { tinyArchitecture } from './random-clip.ts'
import { createRandom, normalArray } from '#main/engine/tensor/random'
import type { LearnedPrompts, PromptDescription } from '#main/engine/prompts/prompt-file'

/** Prompts in some layers of both branches of the tiny CLIP. */
export function examplePrompts(changes: Partial<LearnedPrompts> = {}): LearnedPrompts {
  const random = createRandom(3, 'example-prompts')
  const widths = { text: tinyArchitecture.text.width, image: tinyArchitecture.image.width }
  return {
    contextLengths: { text: [2, 0, 3], image: [0, 4] },
    prompts: {
      text: normalArray(random, 5 * widths.text, 1),
      image: normalArray(random, 4 * widths.image, 1),
    },
    widths,
    ...changes,
  }
}

/** Names that break out of Markdown, JSON, Python or a path when they are not taken care of. */
export const hostileNames = [
  'a | b\n# <script>alert(1)</script>',
  '"""; import os; os.remove("x") #',
  '../../`${x}`\\ \u2028 \u202e %s {}',
  '猫 🐈 ‘quoted’',
]

export function exampleDescription(changes: Partial<PromptDescription> = {}): PromptDescription {
  return {
    clipDigest: 'random',
    architecture: tinyArchitecture,
    classNames: hostileNames,
    template: 'a photo of a {}.',
    textInput: 'template',
    method: 'dpl',
    seed: 1,
    shots: 4,
    runId: 'run-1',
    datasetFingerprint: 'f00d',
    accuracy: 0.75,
    zeroShotAccuracy: 0.5,
    programVersion: '0.1.0',
    createdAt: '2026-01-02T03:04:05.000Z',
    ...changes,
  }
}
