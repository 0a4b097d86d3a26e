import { AppError } from '#shared/errors'
import type { Dataset, DatasetClass, DatasetImage, Split } from '#shared/schemas/dataset'
import type { DatasetEdit } from '#shared/schemas/dataset-edit'
import { SPLIT_PROBLEMS, checkSplit } from './image-import/checks.ts'
import { datasetFingerprint } from './image-import/fingerprint.ts'
import type { ImportedDataset } from './image-import/import-dataset.ts'
import { promptFor } from './image-import/listing.ts'
import { counted, createProblemLog, quoted, withoutImages } from './image-import/problems.ts'
import { countSplits, makeSplit } from './splits.ts'

/** What edits have made of an image of the import. */
export interface EditedImage {
  /** among the classes as they are now; among those of the import where its class is left out */
  label: number
  split: Split
  /** `image`: left out by itself. `class`: its class is left out. */
  excluded: 'no' | 'image' | 'class'
}

export interface EditedDataset {
  dataset: Dataset
  /** one per image of the import, in its order */
  places: EditedImage[]
}

/** What a dataset is after edits: a function of the import and the edits, in their order, and of nothing else. */
export function applyEdits(base: ImportedDataset, edits: readonly DatasetEdit[]): EditedDataset {
  const state = replay(base, edits)
  return summarise(base, state, edits.some(changesData))
}

/**
 * The edits with one more, and what that one does in words. Null: it changes nothing. Throws `invalid-input` where it
 * cannot be made.
 */
export function tryEdit(
  base: ImportedDataset,
  edits: readonly DatasetEdit[],
  edit: DatasetEdit,
): { words: string; edited: EditedDataset } | null {
  const state = replay(base, edits)
  const words = wordsFor(state, edit)
  if (!perform(state, edit)) return null
  return { words, edited: summarise(base, state, [...edits, edit].some(changesData)) }
}

/** The images that are in the dataset, as they are now. */
export function includedImages(
  images: readonly DatasetImage[],
  places: readonly EditedImage[],
): DatasetImage[] {
  return images.flatMap((image, index) => {
    const { label, split, excluded } = places[index]!
    return excluded === 'no' ? [{ ...image, label, split }] : []
  })
}

type ClassState = Pick<DatasetClass, 'name' | 'prompt' | 'folder'> & { status: 'in' | 'excluded' | 'merged' }

/** Classes keep the number that the import gave them; labels close up over those that are still in. */
interface EditState {
  name: string
  template: string
  split: Dataset['split']
  classes: ClassState[]
  images: readonly DatasetImage[]
  classOf: number[]
  splitOf: Split[]
  leftOut: boolean[]
  /** made when a path is first asked for */
  places: Map<string, number> | null
}

const TEXT_EDITS: readonly DatasetEdit['kind'][] = ['rename-dataset', 'set-template', 'set-prompts']

function changesData({ kind }: DatasetEdit): boolean {
  return !TEXT_EDITS.includes(kind)
}

function replay({ dataset, images }: ImportedDataset, edits: readonly DatasetEdit[]): EditState {
  const { name, template, split, classes } = dataset
  const state: EditState = {
    name,
    template,
    split,
    classes: classes.map(({ name, prompt, folder }) => ({ name, prompt, folder, status: 'in' })),
    images,
    classOf: images.map(({ label }) => label),
    splitOf: images.map((image) => image.split),
    leftOut: images.map(() => false),
    places: null,
  }
  // A new split of everything makes what was done to splits before it immaterial, and is slow.
  const last = edits.findLastIndex(({ kind }) => kind === 'resplit')
  edits.forEach((edit, index) => {
    if (index >= last || (edit.kind !== 'resplit' && edit.kind !== 'set-split')) perform(state, edit)
  })
  return state
}

/** Makes an edit; returns whether it has changed anything. What is wrong with it is found before anything is changed. */
function perform(state: EditState, edit: DatasetEdit): boolean {
  switch (edit.kind) {
    case 'rename-dataset':
      return assign(state, 'name', edit.name)
    case 'set-template':
      return assign(state, 'template', edit.template)
    case 'set-prompts':
      return edit.prompts
        .map(({ label, prompt }) => ({ cls: classAt(state, label), prompt }))
        .map(({ cls, prompt }) => assign(cls, 'prompt', prompt))
        .includes(true)
    case 'rename-class':
      return renameClass(state, classAt(state, edit.label), edit.name)
    case 'merge-classes':
      return mergeClasses(state, edit)
    case 'exclude-class': {
      const cls = classAt(state, edit.label)
      checkEnough(state, 1)
      return assign(cls, 'status', 'excluded')
    }
    case 'include-class':
      return assign(excludedClass(state, edit.name), 'status', 'in')
    case 'move-images':
      return assignEach(state.classOf, placesOf(state, edit.paths), numberOf(state, edit.label))
    case 'exclude-images':
      return assignEach(state.leftOut, placesOf(state, edit.paths), true)
    case 'include-images':
      return includeImages(state, edit.paths)
    case 'set-split':
      return assignEach(state.splitOf, placesOf(state, edit.paths), edit.split)
    case 'resplit':
      return resplit(state, edit)
  }
}

/** What an edit does, as undo offers to take it back. */
function wordsFor(state: EditState, edit: DatasetEdit): string {
  switch (edit.kind) {
    case 'rename-dataset':
      return `rename the dataset to ${edit.name}`
    case 'set-template':
      return `change the template to ${quoted(edit.template)}`
    case 'set-prompts': {
      const [first, ...others] = edit.prompts
      if (others.length > 0) return `change the texts of ${counted(edit.prompts.length, 'class', 'classes')}`
      return `change the text of class ${classAt(state, first!.label).name} to ${quoted(first!.prompt)}`
    }
    case 'rename-class':
      return `rename class ${classAt(state, edit.label).name} to ${edit.name}`
    case 'merge-classes': {
      const names = edit.labels
        .filter((label) => label !== edit.into)
        .map((label) => classAt(state, label).name)
      const what = names.length > 3 ? `${names.length} classes` : `class ${names.join(', ')}`
      return `merge ${what} into ${classAt(state, edit.into).name}`
    }
    case 'exclude-class':
      return `exclude class ${classAt(state, edit.label).name}`
    case 'include-class':
      return `include class ${edit.name}`
    case 'move-images':
      return `move ${imagesIn(edit.paths)} to class ${classAt(state, edit.label).name}`
    case 'exclude-images':
      return `exclude ${imagesIn(edit.paths)}`
    case 'include-images':
      return `include ${imagesIn(edit.paths)}`
    case 'set-split':
      return `put ${imagesIn(edit.paths)} into the ${edit.split} split`
    case 'resplit':
      return `split anew with seed ${edit.seed}`
  }
}

function imagesIn(paths: readonly string[]): string {
  return counted(new Set(paths).size, 'image')
}

function renameClass(state: EditState, cls: ClassState, name: string): boolean {
  const taken = state.classes.some(
    (other) => other !== cls && other.name === name && other.status !== 'merged',
  )
  if (taken)
    throw new AppError(
      'invalid-input',
      `There is a class ${quoted(name)} already, so two would look alike.`,
      {
        hint: 'Choose another name, or merge the two classes.',
      },
    )
  // Words that were made from the name follow it; words that somebody chose stay.
  if (cls.prompt === promptFor(cls.name)) cls.prompt = promptFor(name)
  return assign(cls, 'name', name)
}

function mergeClasses(
  state: EditState,
  { labels, into }: Extract<DatasetEdit, { kind: 'merge-classes' }>,
): boolean {
  const target = numberOf(state, into)
  const merged = new Set(labels.map((label) => numberOf(state, label)))
  merged.delete(target)
  checkEnough(state, merged.size)
  for (const number of merged) state.classes[number]!.status = 'merged'
  state.classOf.forEach((number, index) => {
    if (merged.has(number)) state.classOf[index] = target
  })
  return merged.size > 0
}

function checkEnough({ classes }: EditState, removed: number): void {
  const left = classes.filter(({ status }) => status === 'in').length - removed
  if (left >= 2) return
  throw new AppError(
    'invalid-input',
    `That would leave ${counted(left, 'class', 'classes')}; telling classes apart needs two or more.`,
    { hint: 'Keep at least two classes, or take an excluded one in again first.' },
  )
}

function includeImages(state: EditState, paths: readonly string[]): boolean {
  const places = placesOf(state, paths)
  const without = places.find((place) => state.classes[state.classOf[place]!]!.status === 'excluded')
  if (without !== undefined)
    throw new AppError(
      'invalid-input',
      `${quoted(state.images[without]!.path)} belongs to the class ${quoted(state.classes[state.classOf[without]!]!.name)}, which is left out as a whole.`,
      { hint: 'Take the class in again, or move the image to another class.' },
    )
  return assignEach(state.leftOut, places, false)
}

/** Images that are left out get a place beside their copies too, for the day they are taken in again. */
function resplit(state: EditState, { seed, fractions }: Extract<DatasetEdit, { kind: 'resplit' }>): boolean {
  const before = [...state.splitOf]
  const request = { seed, fractions }
  const images = state.images.map((image, index) => ({ ...image, label: state.classOf[index]! }))
  const inside = images.flatMap((_, index) => (isIn(state, index) ? [index] : []))
  const splits = makeSplit(
    inside.map((index) => images[index]!),
    request,
  )
  const given = images.map((): Split | null => null)
  inside.forEach((index, place) => (given[index] = splits[place]!))
  state.splitOf = inside.length === images.length ? splits : makeSplit(images, request, given)
  const origin = state.split
  state.split = { origin: 'seeded', ...request }
  return (
    JSON.stringify(origin) !== JSON.stringify(state.split) ||
    before.some((split, index) => split !== state.splitOf[index])
  )
}

function isIn({ classes, classOf, leftOut }: EditState, index: number): boolean {
  return !leftOut[index]! && classes[classOf[index]!]!.status === 'in'
}

/** The class that a label means now. */
function classAt(state: EditState, label: number): ClassState {
  return state.classes[numberOf(state, label)]!
}

function numberOf({ classes }: EditState, label: number): number {
  let seen = -1
  const number = classes.findIndex(({ status }) => status === 'in' && ++seen === label)
  if (number !== -1) return number
  throw new AppError(
    'invalid-input',
    `There is no class with the label ${label}: there are ${seen + 1}, from 0.`,
    { hint: 'The dataset may have changed since it was shown. Look at its classes again.' },
  )
}

function excludedClass({ classes }: EditState, name: string): ClassState {
  const found = classes.find((cls) => cls.status === 'excluded' && cls.name === name)
  if (found !== undefined) return found
  throw new AppError('invalid-input', `No class ${quoted(name)} is left out, so it cannot be taken in.`, {
    hint: 'The dataset may have changed since it was shown. Look at its classes again.',
  })
}

function placesOf(state: EditState, paths: readonly string[]): number[] {
  const places = (state.places ??= new Map(state.images.map(({ path }, index) => [path, index])))
  return paths.map((path) => {
    const place = places.get(path)
    if (place !== undefined) return place
    throw new AppError('invalid-input', `There is no image ${quoted(path)} in this dataset.`, {
      hint: 'Name images by their paths below the folder of the dataset.',
    })
  })
}

function assign<Target, Key extends keyof Target>(target: Target, key: Key, value: Target[Key]): boolean {
  if (target[key] === value) return false
  target[key] = value
  return true
}

function assignEach<Value>(list: Value[], places: readonly number[], value: Value): boolean {
  const different = places.filter((place) => list[place] !== value)
  for (const place of different) list[place] = value
  return different.length > 0
}

function summarise(base: ImportedDataset, state: EditState, dataChanged: boolean): EditedDataset {
  const labels = denseLabels(state.classes)
  const places = state.images.map((_, index): EditedImage => {
    const number = state.classOf[index]!
    const [label, split] = [labels[number]!, state.splitOf[index]!]
    if (state.classes[number]!.status === 'excluded') return { label: number, split, excluded: 'class' }
    return { label, split, excluded: state.leftOut[index]! ? 'image' : 'no' }
  })
  const { name, template, split } = state
  const excluded = countExcluded(state, places)
  const named = { ...base.dataset, name, template, split, excluded }
  if (!dataChanged) {
    const prompts = state.classes.map(({ prompt }, label) => ({ ...base.dataset.classes[label]!, prompt }))
    return { dataset: { ...named, classes: prompts }, places }
  }
  const images = includedImages(state.images, places)
  const classes = countedClasses(state.classes, images)
  const data = {
    classes,
    counts: countSplits(images.map((image) => image.split)),
    fingerprint: datasetFingerprint(classes, images),
    report: reportOn(base, { classes, images, places }),
  }
  return { dataset: { ...named, ...data }, places }
}

/** From the number of a class to its label; -1 where it has none. */
function denseLabels(classes: readonly ClassState[]): number[] {
  let next = 0
  return classes.map(({ status }) => (status === 'in' ? next++ : -1))
}

function countedClasses(all: readonly ClassState[], images: readonly DatasetImage[]): DatasetClass[] {
  const classes = all
    .filter(({ status }) => status === 'in')
    .map(({ name, prompt, folder }) => ({ name, prompt, folder, counts: countSplits([]) }))
  for (const { label, split } of images) classes[label]!.counts[split]++
  return classes
}

function countExcluded(state: EditState, places: readonly EditedImage[]): Dataset['excluded'] {
  const inClass = state.classes.map(() => 0)
  places.forEach(({ excluded }, index) => {
    if (excluded === 'class') inClass[state.classOf[index]!]!++
  })
  return {
    images: places.filter(({ excluded }) => excluded === 'image').length,
    classes: state.classes.flatMap(({ name, status }, number) =>
      status === 'excluded' ? [{ name, images: inClass[number]! }] : [],
    ),
  }
}

/** What the import said of single images stands while one of them is in; the rest is looked for again. */
function reportOn(
  base: ImportedDataset,
  edited: { classes: DatasetClass[]; images: DatasetImage[]; places: EditedImage[] },
): Dataset['report'] {
  const out = new Set(
    base.images.flatMap(({ path }, index) => (edited.places[index]!.excluded === 'no' ? [] : [path])),
  )
  const log = createProblemLog(withoutImages(base.dataset.report, out), SPLIT_PROBLEMS)
  checkSplit(edited.classes, edited.images, log)
  return log.report()
}
