import { statSync } from 'node:fs'
import type { Output, ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { ScoredImage } from '#shared/schemas/queue'
import type { EvaluatedMethod } from '#shared/schemas/run'
import { readAnswers, type StoredAnswer } from '#main/answers-file'
import { answersFile } from '#main/run-folder'

/** How many files stay in memory: two methods of two runs that are held against each other, and a bit. */
const KEPT_FILES = 6

type Query = Omit<ParsedInput<'runs/scored-images'>, 'id'>

/** Answers to test images, as the engine left them in run folders. */
export function createAnswers() {
  const files = new Map<string, { version: string; answers: readonly StoredAnswer[] }>()

  function open(folder: string, method: EvaluatedMethod): readonly StoredAnswer[] | null {
    const path = answersFile(folder, method)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return null
    const version = `${stats.mtimeMs} ${stats.size}`
    const known = files.get(path)
    const answers = known?.version === version ? known.answers : readAnswers(path)
    if (answers === null) return null
    files.delete(path)
    files.set(path, { version, answers })
    for (const [oldest] of files) if (files.size > KEPT_FILES) files.delete(oldest)
    return answers
  }

  return {
    /** One page of a method's answers. `not-found` where they were not kept. */
    scoredImages(folder: string, query: Query): Output<'runs/scored-images'> {
      const answers = open(folder, query.method)
      if (answers === null) throw notKept(query.method)
      const zeroShot = open(folder, 'zero-shot')
      if (zeroShot === null && (query.only === 'fixed' || query.only === 'broken')) throw notKept('zero-shot')
      return select(answers, zeroShot, query)
    },
  }
}

/** Filters, orders and pages answers; `zeroShot` holds those of plain CLIP to the same images. */
export function select(
  answers: readonly StoredAnswer[],
  zeroShot: readonly StoredAnswer[] | null,
  { label, predicted, only, order, offset, limit }: Omit<Query, 'method'>,
): Output<'runs/scored-images'> {
  const plain = (index: number) => zeroShot?.[index]?.predicted ?? null
  const found = [...answers.keys()].filter((index) => {
    const answer = answers[index]!
    return (
      (label === undefined || answer.label === label) &&
      (predicted === undefined || answer.predicted === predicted) &&
      isWanted(only, answer, plain(index))
    )
  })
  const confidence = (index: number) => answers[index]!.top[0]?.probability ?? 0
  if (order === 'most-confident') found.sort((a, b) => confidence(b) - confidence(a) || a - b)
  if (order === 'least-confident') found.sort((a, b) => confidence(a) - confidence(b) || a - b)
  const images = found.slice(offset, offset + limit).map((index): ScoredImage => ({
    ...answers[index]!,
    top: [...answers[index]!.top],
    index,
    zeroShotPredicted: plain(index),
  }))
  return { total: found.length, images }
}

function isWanted(only: Query['only'], { label, predicted }: StoredAnswer, plain: number | null): boolean {
  switch (only) {
    case undefined:
      return true
    case 'mistakes':
      return predicted !== label
    case 'fixed':
      return predicted === label && plain !== null && plain !== label
    case 'broken':
      return predicted !== label && plain === label
  }
}

function notKept(method: EvaluatedMethod): AppError {
  return new AppError(
    'not-found',
    `The answers of ${method} to the test images were not kept for this run.`,
    {
      hint: 'Earlier versions did not keep them. Those of trained prompts come back with a new evaluation on the test images, the others with a new run; the confusion matrix works without them.',
    },
  )
}
