import type { SearchConfig, DistillationConfig } from '#shared/schemas/run'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D } from '../tensor/tf.ts'
import { unitRows } from '../tensor/ops.ts'
import { withOwnerSync } from '../tensor/memory.ts'
import type { Clip } from '../clip/clip.ts'
import {
  embedText,
  encodeText,
  layOutTexts,
  type EmbeddedText,
  type TextTokens,
} from '../clip/text-branch.ts'
import type { Tokenizer } from '../clip/tokenizer.ts'
import { plainBlock } from '../clip/transformer.ts'
import { ensembleTemplates, fillTemplate } from '../data/templates.ts'

/** What the text branch is asked to tell apart. */
export interface ClassTexts {
  readonly classNames: readonly string[]
  readonly template: string
}

/** A CLIP with the tokenizer that belongs to it. */
export interface Reader {
  readonly clip: Clip
  readonly tokenizer: Tokenizer
}

/** Class texts ready for the first block. The caller owns the result. */
export function layOutClasses(
  reader: Reader,
  { classNames, template }: ClassTexts,
  textInput: SearchConfig['textInput'],
): TextTokens {
  const { clip, tokenizer } = reader
  const texts = classNames.map((name) =>
    textInput === 'template'
      ? embedText(clip.text, tokenizer.encode(fillTemplate(template, name)))
      : averageTexts(
          reader,
          ensembleTemplates.map((each) => fillTemplate(each, name)),
        ),
  )
  return layOutTexts(clip.text, texts)
}

/** Unit features of plain CLIP for one template.  -> [C, e]. The caller owns the result. */
export function zeroShotFeatures(reader: Reader, texts: ClassTexts): Tensor2D {
  return withOwnerSync(layOutClasses(reader, texts, 'template'), (tokens) =>
    encodeText(reader.clip.text, tokens, plainBlock),
  )
}

/** The class features that the teacher of distillation uses.  -> [C, e]. The caller owns the result. */
export function teacherFeatures(
  reader: Reader,
  texts: ClassTexts,
  teacherText: DistillationConfig['teacherText'],
): Tensor2D {
  if (teacherText === 'template') return zeroShotFeatures(reader, texts)
  const templates = teacherText === 'last-template' ? ensembleTemplates.slice(-1) : ensembleTemplates
  return tf.tidy(() => {
    const features = templates.map((template) => zeroShotFeatures(reader, { ...texts, template }))
    return unitRows(tf.div(tf.addN(features), features.length))
  })
}

/** CLIP pads texts with token 0, whose embedding the released code averages like any other. */
const PADDING = 0

/**
 * The released code's class text: the mean of token embeddings position by position over templates of different
 * lengths, padding included, read out where the last template ends.
 */
function averageTexts({ clip, tokenizer }: Reader, texts: readonly string[]): EmbeddedText {
  const encoded = texts.map((text) => tokenizer.encode(text))
  const length = encoded.at(-1)!.length
  const mean = new Float32Array(length * clip.text.width)
  for (const ids of encoded) {
    const padded = Array.from({ length }, (_, position) => ids[position] ?? PADDING)
    embedText(clip.text, padded).embedding.forEach((value, i) => (mean[i] = mean[i]! + value / texts.length))
  }
  return { embedding: mean, endOfText: length - 1, ids: null }
}
