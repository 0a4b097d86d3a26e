import { Branch } from '#shared/schemas/prompt'
import type { PromptHeader } from '#shared/schemas/prompt-header'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D } from '../tensor/tf.ts'
import { withOwnerSync } from '../tensor/memory.ts'
import { encodeImages } from '../clip/image-branch.ts'
import { encodeText } from '../clip/text-branch.ts'
import type { Classifier } from '../metrics/evaluate.ts'
import { layOutClasses } from '../methods/class-texts.ts'
import type { LearnedPrompts } from '../prompts/prompt-file.ts'
import { subpromptBlock } from '../prompts/subprompt.ts'
import type { LoadedModel } from './model-shelf.ts'

/**
 * Learned prompts out of a file as a classifier for the duration of `body`. `classNames` may be others than those the
 * prompts were learned for.
 */
export async function withPromptedClassifier<Result>(
  model: LoadedModel,
  { prompts, contextLengths, header }: LearnedPrompts & { header: PromptHeader },
  classNames: readonly string[],
  body: (classifier: Classifier) => Promise<Result>,
): Promise<Result> {
  const { clip } = model
  const uploaded = (branch: Branch): Tensor2D | null => {
    const [values, { width }] = [prompts[branch], clip[branch]]
    return values === null ? null : tf.tensor2d(values, [values.length / width, width])
  }
  const tensors = { text: uploaded('text'), image: uploaded('image') }
  const forward = (branch: Branch) =>
    subpromptBlock({ contextLengths: contextLengths[branch], prompts: tensors[branch] })
  const texts = { classNames, template: header.template }
  const classFeatures = withOwnerSync(layOutClasses(model, texts, header.textInput), (tokens) =>
    tf.tidy(() => encodeText(clip.text, tokens, forward('text'))),
  )
  try {
    return await body({
      clip,
      classNames,
      classFeatures,
      encode: (images) => encodeImages(clip.image, images, forward('image')),
    })
  } finally {
    tf.dispose([classFeatures, ...Object.values(tensors).filter((tensor) => tensor !== null)])
  }
}
