import { existsSync, readFileSync } from 'node:fs'
import { AppError } from '#shared/errors'
import { writeFileAtomic } from './files.ts'

/** How many classes are kept of each answer, most probable first. */
export const ANSWER_CLASSES = 5

/** One image as a classifier answered it. Labels are indices into the classes. */
export interface StoredAnswer {
  /** below the root of the dataset, or absolute where there is none */
  readonly path: string
  readonly label: number
  readonly predicted: number
  readonly top: readonly { readonly label: number; readonly probability: number }[]
}

const HEADER = [
  'path',
  'label',
  'predicted',
  ...Array.from({ length: ANSWER_CLASSES }, (_, i) => [`label ${i + 1}`, `probability ${i + 1}`]).flat(),
].join(',')

/** Writes answers as CSV, whole or not at all: a line per image in the order of its split. */
export function writeAnswers(path: string, answers: readonly StoredAnswer[]): void {
  const lines = answers.map(({ path: image, label, predicted, top }) => {
    const cells = Array.from({ length: ANSWER_CLASSES }, (_, i) =>
      top[i] === undefined ? ',' : `${top[i].label},${top[i].probability.toFixed(6)}`,
    )
    return [`"${image.replaceAll('"', '""')}"`, label, predicted, ...cells].join(',')
  })
  writeFileAtomic(path, `${[HEADER, ...lines].join('\n')}\n`)
}

/** Reads what `writeAnswers` wrote; null when there is no such file, `bad-file` when it is not whole. */
export function readAnswers(path: string): StoredAnswer[] | null {
  if (!existsSync(path)) return null
  const text = readFileSync(path, 'utf8')
  if (!text.startsWith(`${HEADER}\n`) || !text.endsWith('\n')) throw damaged(path)
  const answers: StoredAnswer[] = []
  for (let at = HEADER.length + 1; at < text.length;) {
    const { value, end } = readQuoted(text, at)
    const lineEnd = text.indexOf('\n', end)
    if (value === null || lineEnd === -1) throw damaged(path)
    answers.push(parseAnswer(value, text.slice(end + 1, lineEnd).split(','), path))
    at = lineEnd + 1
  }
  return answers
}

/** A quoted cell from its first quote on; a name may hold quotes, commas and line breaks. */
function readQuoted(text: string, start: number): { value: string | null; end: number } {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 2))
    if (text[end + 1] !== '"')
      return { value: text.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 }
  return { value: null, end: start }
}

function parseAnswer(image: string, cells: readonly string[], path: string): StoredAnswer {
  const [label, predicted, ...pairs] = cells.map((cell) => (cell === '' ? null : Number(cell)))
  if (!Number.isInteger(label) || !Number.isInteger(predicted) || pairs.length !== 2 * ANSWER_CLASSES)
    throw damaged(path)
  const top = Array.from({ length: ANSWER_CLASSES }, (_, i) => [pairs[2 * i], pairs[2 * i + 1]]).flatMap(
    ([of, probability]) =>
      typeof of === 'number' && typeof probability === 'number' ? [{ label: of, probability }] : [],
  )
  return { path: image, label: label!, predicted: predicted!, top }
}

function damaged(path: string): AppError {
  return new AppError('bad-file', `${path} is damaged or was changed by another program.`, {
    hint: 'Delete the file; the figures of the run do not depend on it.',
  })
}
