import type { Evaluation } from '#shared/schemas/run'

/** What one image was taken for. */
export interface Answer {
  readonly label: number
  readonly predicted: number
  /** cross-entropy of the true class */
  readonly loss: number
}

/** Accuracy, macro-F1 over the classes that occur, accuracy and F1 per class, and the confusion matrix. */
export function summarise(
  answers: readonly Answer[],
  classNames: readonly string[],
): Pick<Evaluation, 'images' | 'accuracy' | 'macroF1' | 'loss' | 'classes' | 'confusion'> {
  const confusion = countConfusion(answers, classNames.length)
  const classes = classNames.map((name, label) => describeClass(name, label, confusion))
  const present = classes.flatMap(({ f1 }) => (f1 === null ? [] : [f1]))
  return {
    images: answers.length,
    accuracy: mean(answers.map(({ label, predicted }) => (label === predicted ? 1 : 0))),
    macroF1: mean(present),
    loss: mean(answers.map(({ loss }) => loss)),
    classes,
    confusion,
  }
}

/** Softmax of one row of scores. */
export function probabilities(scores: readonly number[]): number[] {
  const largest = Math.max(...scores)
  const exponentials = scores.map((score) => Math.exp(score - largest))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  return exponentials.map((value) => value / total)
}

/** The most probable classes, best first; of equal ones the first, as in `answerOf`. */
export function mostProbable(
  scores: readonly number[],
  atMost: number,
): { label: number; probability: number }[] {
  const shares = probabilities(scores)
  return scores
    .map((score, label) => ({ score, label }))
    .sort((a, b) => b.score - a.score || a.label - b.label)
    .slice(0, atMost)
    .map(({ label }) => ({ label, probability: shares[label]! }))
}

/** The answer that a row of scores gives for an image of class `label`; the first of equal scores wins. */
export function answerOf(scores: readonly number[], label: number): Answer {
  const largest = Math.max(...scores)
  const logSum = largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0))
  return { label, predicted: scores.indexOf(largest), loss: logSum - scores[label]! }
}

function countConfusion(answers: readonly Answer[], classes: number): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const { label, predicted } of answers) confusion[label]![predicted]! += 1
  return confusion
}

/** A class that does not occur has neither accuracy nor F1, whatever was taken for it. */
function describeClass(
  name: string,
  label: number,
  confusion: readonly number[][],
): Evaluation['classes'][number] {
  const row = confusion[label]!
  const images = row.reduce((sum, count) => sum + count, 0)
  if (images === 0) return { name, images, accuracy: null, f1: null }
  const right = row[label]!
  const predicted = confusion.reduce((sum, other) => sum + other[label]!, 0)
  return { name, images, accuracy: right / images, f1: (2 * right) / (images + predicted) }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
