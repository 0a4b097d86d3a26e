import type { PromptHeader } from '#shared/schemas/prompt-header'
import { Branch } from '#shared/schemas/prompt'
import * as tf from '../tensor/tf.ts'
import { withOwnerSync, type TensorOwner } from '../tensor/memory.ts'
import { encodeImages } from '../clip/image-branch.ts'
import { encodeText } from '../clip/text-branch.ts'
import { ensembleTemplates, fillTemplate } from '../data/templates.ts'
import { layOutClasses, type ClassTexts, type Reader } from '../methods/class-texts.ts'
import type { Classifier } from '../metrics/evaluate.ts'
import type { LearnedPrompts } from '../prompts/prompt-file.ts'
import { subpromptBlock, type Subprompt } from '../prompts/subprompt.ts'

/** Which texts stand for the classes, and how they enter the text branch. */
export type PromptedTexts = ClassTexts & Pick<PromptHeader, 'textInput'>

/**
 * Prompts out of a file as a classifier over any class names: class features once, then every image through the
 * prompted image branch. The caller owns the result, class features included.
 */
export function promptClassifier(
  reader: Reader,
  learned: LearnedPrompts,
  texts: PromptedTexts,
): Classifier & TensorOwner {
  const { clip } = reader
  const subprompts = { text: uploadPrompts('text', learned), image: uploadPrompts('image', learned) }
  const classFeatures = withOwnerSync(layOutClasses(reader, texts, texts.textInput), (tokens) =>
    tf.tidy(() => encodeText(clip.text, tokens, subpromptBlock(subprompts.text))),
  )
  return {
    clip,
    classNames: texts.classNames,
    classFeatures,
    encode: (images) => encodeImages(clip.image, images, subpromptBlock(subprompts.image)),
    dispose() {
      classFeatures.dispose()
      for (const branch of Branch.options) subprompts[branch].prompts?.dispose()
    },
  }
}

/** The texts that stand for each class, one per template, with their token ids. */
export function readClassTexts(
  { tokenizer }: Pick<Reader, 'tokenizer'>,
  { classNames, template, textInput }: PromptedTexts,
): { text: string; ids: number[] }[][] {
  const templates = textInput === 'template' ? [template] : ensembleTemplates
  return classNames.map((name) =>
    templates.map((each) => {
      const text = fillTemplate(each, name)
      return { text, ids: tokenizer.encode(text) }
    }),
  )
}

function uploadPrompts(branch: Branch, { contextLengths, prompts, widths }: LearnedPrompts): Subprompt {
  const [rows, width] = [prompts[branch], widths[branch]]
  return {
    contextLengths: contextLengths[branch],
    prompts: rows === null ? null : tf.tensor2d(rows, [rows.length / width, width]),
  }
}
