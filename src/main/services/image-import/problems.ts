import {
  PROBLEMS_PER_KIND,
  ProblemKind,
  type ImportProblem,
  type ImportReport,
} from '#shared/schemas/dataset'

/** How many paths a problem lists. */
const PATHS_PER_PROBLEM = 20

type Wording = Pick<ImportProblem, 'severity' | 'consequence' | 'remedy'>

/** Consequence and remedy of every kind of problem, most serious first. */
const WORDINGS: Record<ProblemKind, Wording> = {
  corrupt: excluded('Repair or replace the file, then import again.'),
  unreadable: excluded('Check the rights of the file and the disk, then import again.'),
  missing: excluded('Put the file where the list says, correct the list, or choose another image folder.'),
  unsupported: excluded('Convert it to JPEG, PNG or WebP, then import again.'),
  'too-large': excluded('Save a smaller version, then import again.'),
  'outside-root': excluded(
    'Copy the images into the folder: links and paths that lead out are not followed.',
  ),
  'invalid-name': excluded('Rename the file or folder with plain characters, then import again.'),
  'no-class': excluded('Fill in the class of the image in the list, then import again.'),
  'listed-twice': excluded('List every image once, with one class and one split.'),
  'class-conflict': warning(
    'One picture teaches two answers, which lowers accuracy.',
    'Keep it in the class it belongs to and remove it from the other.',
  ),
  'split-leak': warning(
    'The picture is learned and then tested, which makes accuracy look better than it is.',
    'Remove one of the copies, or let DPL Studio make the split: it keeps copies on one side.',
  ),
  'empty-class': warning('The class is left out.', 'Add images to it, or remove it.'),
  'missing-split': warning(
    'What is missing cannot be measured, or was made from the other images.',
    'Add such images, or choose fractions and a seed to split the images anew.',
  ),
  'too-few': warning(
    'A run with more shots than that uses all the images the class has.',
    'Add images to the class, or choose fewer shots.',
  ),
  duplicate: warning('The picture counts more than once.', 'Remove the copies if that is not intended.'),
  'near-duplicate': warning(
    'The picture counts more than once.',
    'Look at them, and remove the copies if they are the same picture.',
  ),
  'unknown-split': warning(
    'The images are distributed by the seed instead.',
    'Write train, validation or test.',
  ),
  blank: warning('There is nothing in it to learn from.', 'Look at it, and remove it if it is a mistake.'),
  tiny: note('It is enlarged for CLIP and will look blurred.', 'Use a larger version if there is one.'),
  animated: note('Its first frame is used.', 'Save the frame you want as an image of its own.'),
  'color-mode': note('Its colours are converted to RGB.', 'None needed, unless colours look wrong.'),
  'case-collision': note(
    'On Windows and macOS only one of them can exist.',
    'Rename one of them before you copy the folder to another machine.',
  ),
  'nested-folder': note(
    'Images in folders inside a class folder belong to that class.',
    'Move them one level up if they are classes of their own.',
  ),
  'other-files': note('They are not used.', 'None needed, unless you expected images there.'),
}

/** Gathers what an import finds and makes a report of bounded size of it. */
export interface ProblemLog {
  /** One problem of `count` images, by default as many as there are paths. */
  add(kind: ProblemKind, message: string, paths?: readonly string[], count?: number): void
  report(): ImportReport
}

/** Starts from an earlier report, less the kinds that are about to be looked for again. */
export function createProblemLog(
  earlier: ImportReport = { problems: [], totals: {}, excluded: 0 },
  again: readonly ProblemKind[] = [],
): ProblemLog {
  const kept = (kind: string) => !again.includes(kind as ProblemKind)
  const problems = earlier.problems.filter(({ kind }) => kept(kind))
  const totals = new Map(Object.entries(earlier.totals).filter(([kind]) => kept(kind)))
  let excludedImages = earlier.excluded

  return {
    add(kind, message, paths = [], count = paths.length) {
      const total = (totals.get(kind) ?? 0) + 1
      totals.set(kind, total)
      if (WORDINGS[kind].severity === 'excluded') excludedImages += count
      if (total > PROBLEMS_PER_KIND) return
      problems.push({ kind, message, paths: paths.slice(0, PATHS_PER_PROBLEM), count, ...WORDINGS[kind] })
    },
    report: () => ({
      problems: [...problems].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)),
      totals: Object.fromEntries(totals),
      excluded: excludedImages,
    }),
  }
}

/** A report without the problems of which every image is one of `paths`. */
export function withoutImages(report: ImportReport, paths: ReadonlySet<string>): ImportReport {
  const isGone = ({ paths: concerned, count }: ImportProblem) =>
    concerned.length > 0 && concerned.length === count && concerned.every((path) => paths.has(path))
  const totals = { ...report.totals }
  for (const { kind } of report.problems.filter(isGone)) {
    const left = totals[kind]! - 1
    if (left === 0) Reflect.deleteProperty(totals, kind)
    else totals[kind] = left
  }
  return { ...report, totals, problems: report.problems.filter((problem) => !isGone(problem)) }
}

const ORDER = Object.keys(WORDINGS)

/** A name as it can be printed in one line: quoted, without control characters, shortened. */
export function quoted(name: string): string {
  const text = name.length > 120 ? `${name.slice(0, 80)}…${name.slice(-30)}` : name
  // JSON escapes C0 only; C1 and the marks that turn the writing direction can garble a terminal too.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `1 image`, `2 images`; `plural` where an s is not enough. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`
}

function excluded(remedy: string): Wording {
  return { severity: 'excluded', consequence: 'It is left out.', remedy }
}

function warning(consequence: string, remedy: string): Wording {
  return { severity: 'warning', consequence, remedy }
}

function note(consequence: string, remedy: string): Wording {
  return { severity: 'note', consequence, remedy }
}
