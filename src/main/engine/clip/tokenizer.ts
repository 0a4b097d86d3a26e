import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { AppError } from '#shared/errors'
import { cleanText } from './text-cleaning.ts'

/** Turns class texts into the token ids a CLIP was trained on. */
export interface Tokenizer {
  /**
   * Ids from the start token to the end token, without padding. A text that spells out the end token ends there,
   * because that is where CLIP reads. 'invalid-input' when there are more than `textPositions`.
   */
  encode(text: string): number[]
  /** How many ids `encode` gives, or would give were there positions enough. */
  countTokens(text: string): number
  readonly sotId: number
  readonly eotId: number
  readonly textPositions: number
}

/** The content of `tokenizer.json`. */
export interface TokenizerFile {
  /** the file the content came from, for messages */
  readonly path: string
  readonly tokenizer: object
}

/** What the weights demand of their tokenizer. */
export interface TextLimits {
  readonly textPositions: number
  readonly vocabularySize: number
  /** null: the largest id of the vocabulary; `any`: what the files say, for they were held against the weights before */
  readonly endOfTextId: number | 'any' | null
}

/** Prepares a tokenizer. 'bad-file' when the file is broken, 'model-mismatch' when it belongs to another CLIP. */
export function createTokenizer(file: TokenizerFile, limits: TextLimits): Tokenizer {
  const encoder = openEncoder(file)
  const [sotId, eotId] = encoder.encode('').ids as [number, number]
  checkFit(file.path, { eotId, largestId: largestId(file.tokenizer) }, limits)

  function ids(text: string): number[] {
    const all = encoder.encode(cleanText(text)).ids
    return all.slice(0, all.indexOf(eotId) + 1)
  }

  return {
    sotId,
    eotId,
    textPositions: limits.textPositions,
    countTokens: (text) => ids(text).length,
    encode(text) {
      const encoded = ids(text)
      if (encoded.length > limits.textPositions) throw tooLong(text, encoded.length, limits.textPositions)
      return encoded
    },
  }
}

/** The same as `tokenizer.json` for tokenizers that are stored as `vocab.json` and `merges.txt`. */
export function clipTokenizerJson(
  vocabulary: Readonly<Record<string, number>>,
  merges: readonly string[],
): object {
  const special = (content: string) => ({
    id: vocabulary[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })
  const [start, end] = [START, END].map(special)
  return {
    version: '1.0',
    added_tokens: [start, end],
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      cls: [START, vocabulary[START]],
      sep: [END, vocabulary[END]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: 'BPE',
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: WORD_END,
      vocab: vocabulary,
      merges,
    },
  }
}

/** The vocabulary that belongs to a list of merges: bytes, bytes that end a word, merges, then start and end. */
export function vocabularyOfMerges(merges: readonly string[]): Record<string, number> {
  const bytes = byteSymbols()
  const tokens = [
    ...bytes,
    ...bytes.map((symbol) => symbol + WORD_END),
    ...merges.map((merge) => merge.replace(' ', '')),
    START,
    END,
  ]
  return Object.fromEntries(tokens.map((token, id) => [token, id]))
}

const START = '<|startoftext|>'
const END = '<|endoftext|>'
const WORD_END = '</w>'
/** English clitics, runs of letters, single digits, runs of anything else that is no space. */
const WORDS =
  "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"

/** One visible character per byte, in the order of CLIP's vocabulary: printable ones stand for themselves and come first. */
function byteSymbols(): string[] {
  const printable = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad),
  )
  const others = 256 - printable.length
  return [
    ...printable.map((byte) => String.fromCharCode(byte)),
    ...Array.from({ length: others }, (_, index) => String.fromCharCode(256 + index)),
  ]
}

function openEncoder({ path, tokenizer }: TokenizerFile): HuggingFaceTokenizer {
  try {
    const encoder = new HuggingFaceTokenizer(tokenizer, {})
    const { ids } = encoder.encode('')
    if (ids.length === 2 && ids.every(Number.isInteger)) return encoder
  } catch (thrown) {
    throw new AppError(
      'bad-file',
      `${path} is not a tokenizer that can be used: ${AppError.from(thrown).message}`,
      {
        hint: 'Get tokenizer.json, or vocab.json and merges.txt, from where the weights are from.',
        cause: thrown,
      },
    )
  }
  throw new AppError(
    'bad-file',
    `${path} does not put a start and an end token around a text, as CLIP's tokenizer does.`,
    {
      hint: 'Get tokenizer.json, or vocab.json and merges.txt, from where the weights are from.',
    },
  )
}

function largestId(tokenizer: object): number {
  const { model, added_tokens: added = [] } = tokenizer as {
    model: { vocab: Record<string, number> }
    added_tokens?: { id: number }[]
  }
  const ids = [...Object.values(model.vocab), ...added.map(({ id }) => id)]
  return ids.reduce((largest, id) => Math.max(largest, id), -1)
}

function checkFit(path: string, found: { eotId: number; largestId: number }, limits: TextLimits): void {
  const { vocabularySize, endOfTextId } = limits
  if (found.largestId >= vocabularySize)
    throw mismatch(path, `its largest id is ${found.largestId}, the weights know ${vocabularySize} tokens`)
  if (endOfTextId === 'any') return
  const expected = endOfTextId ?? found.largestId
  if (found.eotId !== expected)
    throw mismatch(path, `it ends texts with token ${found.eotId}, the weights expect token ${expected}`)
}

function mismatch(path: string, reason: string): AppError {
  return new AppError('model-mismatch', `${path} does not belong to these weights: ${reason}.`, {
    hint: 'Put the tokenizer files that came with the weights beside them.',
  })
}

function tooLong(text: string, tokens: number, textPositions: number): AppError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return new AppError(
    'invalid-input',
    `${JSON.stringify(shown)} has ${tokens} tokens; this CLIP reads ${textPositions}.`,
    {
      hint: 'Shorten the class name or the template.',
    },
  )
}
