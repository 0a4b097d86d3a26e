import type { Database } from './database.ts'
import { AppError } from '#shared/errors'
import {
  Dataset,
  DatasetImage,
  type DatasetClass,
  type Split,
  type SplitCounts,
} from '#shared/schemas/dataset'

const IMAGE_COLUMNS = 'path, label, split, hash, bytes, modified, width, height, look_alikes AS "group"'
const BASE_COLUMNS =
  'path, base_label AS label, base_split AS split, hash, bytes, modified, width, height, look_alikes AS "group"'

/** Where edits have put an image: its class and split now, and whether it or its class is left out. */
export interface ImagePlace {
  label: number
  split: Split
  excluded: 'no' | 'image' | 'class'
}

/** A dataset as edits have made it, with a place for every image of the import. */
export interface EditedRows {
  dataset: Dataset
  places: readonly ImagePlace[]
}

export interface ImageFilter {
  split?: Split | undefined
  label?: number | undefined
  /** only images left out by themselves, instead of only images that are in */
  excluded?: boolean | undefined
  /** only these */
  paths?: readonly string[] | undefined
  /** part of the path, in any case */
  search?: string | undefined
}

/** How `excluded` is stored. */
const EXCLUDED = ['no', 'image', 'class'] as const

/** Datasets with their classes and images. Rows in, domain objects out. */
export function createDatasetsRepository(db: Database) {
  // SQLite folds the case of ASCII only.
  db.function('has_part', { deterministic: true }, (path, part) =>
    (path as string).toLowerCase().includes(part as string) ? 1 : 0,
  )
  const insertDataset = db.prepare(
    `INSERT INTO datasets (id, name, root, imported_from, source, split, fingerprint, imported_at, report,
       template, excluded, history, base)
     VALUES (@id, @name, @root, @importedFrom, @source, @split, @fingerprint, @importedAt, @report,
       @template, @excluded, @history, @base)`,
  )
  const updateDataset = db.prepare(
    `UPDATE datasets SET name = @name, split = @split, fingerprint = @fingerprint, report = @report,
       template = @template, excluded = @excluded, history = @history WHERE id = @id`,
  )
  const insertClass = db.prepare(
    `INSERT INTO classes (dataset_id, label, name, prompt, folder, train, validation, test)
     VALUES (@datasetId, @label, @name, @prompt, @folder, @train, @validation, @test)`,
  )
  const insertImage = db.prepare(
    `INSERT INTO images (dataset_id, position, path, base_label, base_split, hash, bytes, modified, width, height,
       look_alikes, label, split, excluded)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const updateImage = db.prepare(
    'UPDATE images SET label = ?, split = ?, excluded = ? WHERE dataset_id = ? AND position = ?',
  )
  const deleteClasses = db.prepare('DELETE FROM classes WHERE dataset_id = ?')
  const deleteDataset = db.prepare('DELETE FROM datasets WHERE id = ?')
  const byId = db.prepare('SELECT * FROM datasets WHERE id = ?')
  const all = db.prepare('SELECT * FROM datasets ORDER BY imported_at, id')
  const byOrigin = db.prepare(
    'SELECT * FROM datasets WHERE imported_from = ? ORDER BY imported_at DESC LIMIT 1',
  )
  const classesOf = db.prepare('SELECT * FROM classes WHERE dataset_id = ? ORDER BY label')
  const placesOf = db.prepare(
    'SELECT label, split, excluded FROM images WHERE dataset_id = ? ORDER BY position',
  )
  const keepBase = db.prepare('UPDATE datasets SET base = @base WHERE id = @id AND base IS NULL')
  const baseImages = db.prepare(`SELECT ${BASE_COLUMNS} FROM images WHERE dataset_id = ? ORDER BY position`)
  const includedImages = db.prepare(
    `SELECT ${IMAGE_COLUMNS} FROM images WHERE dataset_id = ? AND excluded = 0 ORDER BY position`,
  )

  function insertClasses({ id, classes }: Dataset): void {
    classes.forEach(({ counts, ...named }, label) =>
      insertClass.run({ datasetId: id, label, ...named, ...counts }),
    )
  }

  const save = db.transaction((base: Dataset, images: readonly DatasetImage[], edited: EditedRows) => {
    deleteDataset.run(base.id)
    insertDataset.run({ ...toRow(edited.dataset), base: JSON.stringify(base) })
    insertClasses(edited.dataset)
    images.forEach((image, position) => {
      const { path, label, split, hash, bytes, modified, width, height, group } = image
      const file = [hash, bytes, modified, width, height, group]
      const place = edited.places[position]!
      const now = [place.label, place.split, EXCLUDED.indexOf(place.excluded)]
      insertImage.run(base.id, position, path, label, split, ...file, ...now)
    })
  })

  /** Rows that stay as they are are not written: most edits concern few images. */
  const change = db.transaction(({ dataset, places }: EditedRows, meanwhile: () => void) => {
    keepBase.run({ id: dataset.id, base: JSON.stringify(toBase(rowOf(dataset.id))) })
    updateDataset.run(toRow(dataset))
    deleteClasses.run(dataset.id)
    insertClasses(dataset)
    const before = placesOf.raw().all(dataset.id) as [number, Split, number][]
    places.forEach((place, position) => {
      const [label, split, excluded] = before[position]!
      const code = EXCLUDED.indexOf(place.excluded)
      if (label === place.label && split === place.split && excluded === code) return
      updateImage.run(place.label, place.split, code, dataset.id, position)
    })
    meanwhile()
  })

  /** A list or count of images under a filter. */
  function selectImages(what: string, id: string, filter: ImageFilter, more = '', values = {}) {
    const { split, label, excluded = false, paths, search } = filter
    const conditions = [
      'dataset_id = @id AND excluded = @excluded',
      ...(split === undefined ? [] : ['split = @split']),
      ...(label === undefined ? [] : ['label = @label']),
      ...(paths === undefined ? [] : ['path IN (SELECT value FROM json_each(@paths))']),
      ...(search === undefined ? [] : ['has_part(path, @search)']),
    ]
    const statement = db.prepare(`SELECT ${what} FROM images WHERE ${conditions.join(' AND ')} ${more}`)
    return statement.all({
      id,
      excluded: EXCLUDED.indexOf(excluded ? 'image' : 'no'),
      split,
      label,
      paths: JSON.stringify(paths ?? []),
      search: search?.toLowerCase(),
      ...values,
    })
  }

  const toDataset = (row: DatasetRow): Dataset => {
    const classes = (classesOf.all(row.id) as ClassRow[]).map(toClass)
    return Dataset.parse({
      id: row.id,
      name: row.name,
      root: row.root,
      importedFrom: row.imported_from,
      source: row.source,
      classes,
      counts: totals(classes),
      split: JSON.parse(row.split) as unknown,
      fingerprint: row.fingerprint,
      importedAt: row.imported_at,
      report: JSON.parse(row.report) as unknown,
      template: row.template ?? undefined,
      excluded: parseOptional(row.excluded),
      history: parseOptional(row.history),
    })
  }

  function rowOf(id: string): DatasetRow {
    const row = byId.get(id) as DatasetRow | undefined
    if (row !== undefined) return row
    throw new AppError('not-found', `There is no dataset ${id}`, {
      hint: 'See them with: dplstudio dataset list',
    })
  }

  /** Rows from before there were edits have no base of their own: nothing was changed yet. */
  const toBase = (row: DatasetRow): Dataset =>
    row.base === null ? toDataset(row) : Dataset.parse(JSON.parse(row.base))

  return {
    /** Stores a dataset, in place of the one with the same id: what the import gave, and what edits made of it. */
    save(base: Dataset, images: readonly DatasetImage[], edited?: EditedRows): void {
      const unedited = () => images.map(({ label, split }): ImagePlace => ({ label, split, excluded: 'no' }))
      save.immediate(base, images, edited ?? { dataset: base, places: unedited() })
    },

    /** Stores what edits have made of a dataset, and does something else that must happen with it or not at all. */
    change: (edited: EditedRows, meanwhile: () => void): void => {
      change.immediate(edited, meanwhile)
    },

    list: (): Dataset[] => (all.all() as DatasetRow[]).map(toDataset),

    get: (id: string): Dataset => toDataset(rowOf(id)),

    has: (id: string): boolean => byId.get(id) !== undefined,

    /** The latest dataset that was imported from a path. */
    findByOrigin(path: string): Dataset | null {
      const row = byOrigin.get(path) as DatasetRow | undefined
      return row === undefined ? null : toDataset(row)
    },

    /** What the import gave, before any edit. */
    base: (id: string): { dataset: Dataset; images: DatasetImage[] } => ({
      dataset: toBase(rowOf(id)),
      images: baseImages.all(id) as DatasetImage[],
    }),

    /** The fingerprint of what the import gave. */
    baseFingerprint: (id: string): string => toBase(rowOf(id)).fingerprint,

    /** All images that are in, in their order. They were checked when they were stored. */
    images: (id: string): DatasetImage[] => includedImages.all(id) as DatasetImage[],

    someImages: (
      id: string,
      { offset, limit, ...filter }: ImageFilter & { offset: number; limit: number },
    ): DatasetImage[] =>
      selectImages(IMAGE_COLUMNS, id, filter, 'ORDER BY position LIMIT @limit OFFSET @offset', {
        limit,
        offset,
      }) as DatasetImage[],

    countImages: (id: string, filter: ImageFilter): number =>
      (selectImages('count(*) AS n', id, filter) as { n: number }[])[0]!.n,

    delete: (id: string): void => void deleteDataset.run(id),
  }
}

export type DatasetsRepository = ReturnType<typeof createDatasetsRepository>

interface DatasetRow {
  id: string
  name: string
  root: string
  imported_from: string
  source: string
  split: string
  fingerprint: string
  imported_at: string
  report: string
  template: string | null
  excluded: string | null
  history: string | null
  base: string | null
}

interface ClassRow {
  name: string
  prompt: string
  folder: string | null
  train: number
  validation: number
  test: number
}

function toRow(dataset: Dataset) {
  const { id, name, root, importedFrom, source, fingerprint, importedAt, template } = dataset
  return {
    ...{ id, name, root, importedFrom, source, fingerprint, importedAt, template },
    split: JSON.stringify(dataset.split),
    report: JSON.stringify(dataset.report),
    excluded: JSON.stringify(dataset.excluded),
    history: JSON.stringify(dataset.history),
  }
}

function parseOptional(json: string | null): unknown {
  return json === null ? undefined : JSON.parse(json)
}

function toClass({ name, prompt, folder, train, validation, test }: ClassRow): DatasetClass {
  return { name, prompt, folder, counts: { train, validation, test } }
}

function totals(classes: readonly DatasetClass[]): SplitCounts {
  const total = (split: Split) => classes.reduce((sum, { counts }) => sum + counts[split], 0)
  return { train: total('train'), validation: total('validation'), test: total('test') }
}
