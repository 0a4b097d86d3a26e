import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import type { DatasetImage, ImportProblem } from '#shared/schemas/dataset'
import type { DatasetEdit } from '#shared/schemas/dataset-edit'
import { applyEdits, includedImages, tryEdit, type EditedDataset } from '#main/services/dataset-edits'
import { datasetFingerprint } from '#main/services/image-import/fingerprint'
import type { ImportedDataset } from '#main/services/image-import/import-dataset'
import { countSplits, previewSplit } from '#main/services/splits'
import { datasetOf } from '../../support/records.ts'

const SPLITS = ['train', 'validation', 'test'] as const
const NAMES = ['ant_lion', 'bee', 'cat', 'dog']

/** Four classes of nine images; the first two of a class are copies of each other. */
function importedDataset(problems: ImportProblem[] = []): ImportedDataset {
  const images = Array.from({ length: 36 }, (_, index): DatasetImage => ({
    path: `${NAMES[index % 4]!}/${index}.png`,
    label: index % 4,
    split: SPLITS[Math.floor(index / 12)]!,
    hash: (index < 8 ? index % 4 : index).toString(16).padStart(64, '0'),
    bytes: 100,
    modified: 1.5,
    width: 8,
    height: 8,
    group: index < 8 ? index % 4 : null,
  }))
  const classes = NAMES.map((name, label) => {
    const splits = images.filter((image) => image.label === label).map(({ split }) => split)
    return { name, prompt: name.replace('_', ' '), folder: name, counts: countSplits(splits) }
  })
  const totals = Object.fromEntries(problems.map(({ kind }) => [kind, 1]))
  const dataset = datasetOf(images, {
    classes,
    counts: countSplits(images.map(({ split }) => split)),
    fingerprint: datasetFingerprint(classes, images),
    report: { problems, totals, excluded: 0 },
  })
  return { dataset, images }
}

const base = importedDataset()
const pathOf = (index: number) => base.images[index]!.path
const fractions = { train: 0.5, validation: 0.25, test: 0.25 }

/** What a dataset is after edits that must all be possible. */
function after(...edits: DatasetEdit[]): EditedDataset {
  return applyEdits(base, edits)
}
const classNames = ({ dataset }: EditedDataset) => dataset.classes.map(({ name }) => name)
const imagesOf = ({ places }: EditedDataset) => includedImages(base.images, places)

const label = fc.integer({ min: 0, max: 4 })
const paths = fc.array(fc.integer({ min: 0, max: 35 }).map(pathOf), { minLength: 1, maxLength: 6 })
const name = fc.constantFrom(...NAMES, 'eel', 'fox')
const anyEdit: fc.Arbitrary<DatasetEdit> = fc.oneof(
  fc.record({ kind: fc.constant('rename-dataset' as const), name }),
  fc.record({ kind: fc.constant('set-template' as const), template: fc.constantFrom('a {}', 'the {}.') }),
  fc.record({
    kind: fc.constant('set-prompts' as const),
    prompts: fc.array(fc.record({ label, prompt: name }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('rename-class' as const), label, name }),
  fc.record({
    kind: fc.constant('merge-classes' as const),
    labels: fc.array(label, { minLength: 1, maxLength: 2 }),
    into: label,
  }),
  fc.record({ kind: fc.constant('exclude-class' as const), label }),
  fc.record({ kind: fc.constant('include-class' as const), name }),
  fc.record({ kind: fc.constant('move-images' as const), paths, label }),
  fc.record({ kind: fc.constant('exclude-images' as const), paths }),
  fc.record({ kind: fc.constant('include-images' as const), paths }),
  fc.record({ kind: fc.constant('set-split' as const), paths, split: fc.constantFrom(...SPLITS) }),
  fc.record({
    kind: fc.constant('resplit' as const),
    seed: fc.integer({ min: 0, max: 3 }),
    fractions: fc.constant(fractions),
  }),
)

/** The states that a sequence of edits leads through; those that cannot be made are refused and left out. */
function history(wanted: readonly DatasetEdit[]): { edits: DatasetEdit[]; states: EditedDataset[] } {
  const edits: DatasetEdit[] = []
  const states = [applyEdits(base, [])]
  for (const edit of wanted) {
    try {
      const result = tryEdit(base, edits, edit)
      if (result === null) continue
      edits.push(edit)
      states.push(result.edited)
    } catch (thrown) {
      expect(AppError.from(thrown)).toMatchObject({ code: 'invalid-input' })
    }
  }
  return { edits, states }
}

describe('any sequence of edits', () => {
  test('leaves the import alone, so that undoing and redoing any number of them gives what was there', () => {
    const before = structuredClone(base)
    fc.assert(
      fc.property(fc.array(anyEdit, { maxLength: 14 }), (wanted) => {
        const { edits, states } = history(wanted)
        states.forEach((state, done) => expect(applyEdits(base, edits.slice(0, done))).toEqual(state))
        expect(states[0]!.dataset).toEqual(base.dataset)
      }),
    )
    expect(base).toEqual(before)
  })

  test('keeps labels dense, counts true, and every image in one place', () => {
    fc.assert(
      fc.property(fc.array(anyEdit, { maxLength: 14 }), (wanted) => {
        const edited = history(wanted).states.at(-1)!
        const { dataset, places } = edited
        const images = imagesOf(edited)
        expect(dataset.classes.length).toBeGreaterThanOrEqual(2)
        expect(images.every((image) => image.label < dataset.classes.length)).toBe(true)
        dataset.classes.forEach(({ counts }, number) => {
          const splits = images.filter((image) => image.label === number).map(({ split }) => split)
          expect(counts).toEqual(countSplits(splits))
        })
        expect(dataset.counts).toEqual(countSplits(images.map(({ split }) => split)))
        expect(dataset.fingerprint).toBe(datasetFingerprint(dataset.classes, images))
        const inClasses = dataset.excluded.classes.reduce((sum, cls) => sum + cls.images, 0)
        expect(images.length + dataset.excluded.images + inClasses).toBe(base.images.length)
        expect(places.filter(({ excluded }) => excluded === 'image')).toHaveLength(dataset.excluded.images)
      }),
    )
  })
})

describe('an edit of classes', () => {
  test('renames; words that were made from the name follow, chosen words stay', () => {
    const renamed = after({ kind: 'rename-class', label: 0, name: 'lace_wing' })
    expect(renamed.dataset.classes[0]).toMatchObject({ name: 'lace_wing', prompt: 'lace wing' })
    const chosen = after(
      { kind: 'set-prompts', prompts: [{ label: 0, prompt: 'insect' }] },
      { kind: 'rename-class', label: 0, name: 'lace_wing' },
    )
    expect(chosen.dataset.classes[0]).toMatchObject({ name: 'lace_wing', prompt: 'insect' })
  })

  test('merges: images go over, labels close up', () => {
    const merged = after({ kind: 'merge-classes', labels: [0, 1], into: 1 })
    expect(classNames(merged)).toEqual(['bee', 'cat', 'dog'])
    expect(imagesOf(merged).filter((image) => image.label === 0)).toHaveLength(18)
    expect(imagesOf(merged).map(({ path }) => path)).toEqual(base.images.map(({ path }) => path))
  })

  test('leaves a class out, and takes it in again where it was', () => {
    const out = after({ kind: 'exclude-class', label: 1 })
    expect(classNames(out)).toEqual(['ant_lion', 'cat', 'dog'])
    expect(out.dataset.excluded).toEqual({ images: 0, classes: [{ name: 'bee', images: 9 }] })
    const again = after({ kind: 'exclude-class', label: 1 }, { kind: 'include-class', name: 'bee' })
    expect(again.dataset.fingerprint).toBe(base.dataset.fingerprint)
  })

  test.each<[string, DatasetEdit[]]>([
    ['one class left by merging', [{ kind: 'merge-classes', labels: [0, 1, 2], into: 3 }]],
    ['one class left by excluding', [0, 0, 0].map(() => ({ kind: 'exclude-class', label: 0 }))],
    ['a label that no class has', [{ kind: 'exclude-class', label: 4 }]],
    ['a name that another class has', [{ kind: 'rename-class', label: 0, name: 'dog' }]],
    ['a class that is not left out', [{ kind: 'include-class', name: 'dog' }]],
    ['an image that is not there', [{ kind: 'exclude-images', paths: ['dog/none.png'] }]],
    [
      'an image of a class that is left out',
      [
        { kind: 'exclude-class', label: 0 },
        { kind: 'include-images', paths: [pathOf(0)] },
      ],
    ],
  ])('is refused with a remedy: %s', (_, edits) => {
    const last = edits.at(-1)!
    const refused = () => tryEdit(base, edits.slice(0, -1), last)
    expect(refused).toThrow(
      expect.objectContaining({ code: 'invalid-input', hint: expect.any(String) as string }),
    )
  })
})

describe('an edit of images', () => {
  test('leaves them out by name and takes them in again', () => {
    const out = after({ kind: 'exclude-images', paths: [pathOf(3), pathOf(5)] })
    expect(imagesOf(out)).toHaveLength(34)
    expect(out.dataset.excluded.images).toBe(2)
    expect(out.dataset.fingerprint).not.toBe(base.dataset.fingerprint)
  })

  test('moves them to another class without moving them in the list', () => {
    const moved = after({ kind: 'move-images', paths: [pathOf(0)], label: 2 })
    expect(imagesOf(moved)[0]).toMatchObject({ path: pathOf(0), label: 2 })
    expect(moved.dataset.classes[0]!.counts.train).toBe(2)
  })

  test('looks for leaks again', () => {
    expect(
      after({ kind: 'set-split', paths: [pathOf(0)], split: 'test' }).dataset.report.totals,
    ).toMatchObject({
      'split-leak': 1,
    })
  })

  test('splits anew as a preview says, and keeps copies together, those that are left out too', () => {
    const request = { seed: 5, fractions }
    const out: DatasetEdit = { kind: 'exclude-images', paths: [pathOf(0)] }
    const before = after(out)
    const preview = previewSplit({ ...request, classes: before.dataset.classes, images: imagesOf(before) })
    const edited = after(out, { kind: 'resplit', ...request })
    expect(edited.dataset.counts).toEqual(preview.counts)
    expect(edited.dataset.split).toEqual({ origin: 'seeded', ...request })
    expect(edited.places[0]!.split).toBe(edited.places[4]!.split)
  })

  test('forgets what the import said of images that are all left out', () => {
    const blank: ImportProblem = {
      kind: 'blank',
      severity: 'warning',
      message: 'blank',
      consequence: '',
      remedy: '',
      paths: [pathOf(9)],
      count: 1,
    }
    const reported = importedDataset([blank])
    const report = (path: string) =>
      applyEdits(reported, [{ kind: 'exclude-images', paths: [path] }]).dataset.report.totals
    expect(report(pathOf(9))).not.toHaveProperty('blank')
    expect(report(pathOf(10))).toHaveProperty('blank', 1)
  })
})

describe('words and names', () => {
  test('do not change the data', () => {
    const { dataset } = after(
      { kind: 'set-prompts', prompts: [{ label: 3, prompt: 'hound' }] },
      { kind: 'set-template', template: 'a drawing of a {}.' },
      { kind: 'rename-dataset', name: 'Animals' },
    )
    expect(dataset).toMatchObject({ name: 'Animals', template: 'a drawing of a {}.' })
    expect(dataset.classes[3]!.prompt).toBe('hound')
    expect(dataset.fingerprint).toBe(base.dataset.fingerprint)
    expect(dataset.report).toEqual(base.dataset.report)
  })

  test('tell what an edit does, and an edit that changes nothing is none', () => {
    const words = (edit: DatasetEdit) => tryEdit(base, [], edit)?.words ?? null
    expect(words({ kind: 'rename-class', label: 3, name: 'hound' })).toBe('rename class dog to hound')
    expect(words({ kind: 'exclude-images', paths: [0, 1, 2].map(pathOf) })).toBe('exclude 3 images')
    expect(words({ kind: 'merge-classes', labels: [0, 1], into: 2 })).toBe(
      'merge class ant_lion, bee into cat',
    )
    expect(words({ kind: 'rename-class', label: 3, name: 'dog' })).toBeNull()
    expect(words({ kind: 'include-images', paths: [pathOf(0)] })).toBeNull()
  })
})
