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

export interface ImageFilter {
  split?: Split | undefined
  label?: number | undefined
  offset: number
  limit: number
}

/** Datasets with their classes and images. Rows in, domain objects out. */
export function createDatasetsRepository(db: Database) {
  const insertDataset = db.prepare(
    `INSERT INTO datasets (id, name, root, imported_from, source, split, fingerprint, imported_at, report)
     VALUES (@id, @name, @root, @importedFrom, @source, @split, @fingerprint, @importedAt, @report)`,
  )
  const insertClass = db.prepare(
    `INSERT INTO classes (dataset_id, label, name, prompt, folder, train, validation, test)
     VALUES (@datasetId, @label, @name, @prompt, @folder, @train, @validation, @test)`,
  )
  const insertImage = db.prepare(
    `INSERT INTO images (dataset_id, position, path, label, split, hash, bytes, modified, width, height, look_alikes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const deleteDataset = db.prepare('DELETE FROM datasets WHERE id = ?')
  const byId = db.prepare('SELECT * FROM datasets WHERE id = ?')
  const all = db.prepare('SELECT * FROM datasets ORDER BY imported_at, id')
  const byOrigin = db.prepare(
    'SELECT * FROM datasets WHERE imported_from = ? ORDER BY imported_at DESC LIMIT 1',
  )
  const classesOf = db.prepare('SELECT * FROM classes WHERE dataset_id = ? ORDER BY label')
  const allImages = db.prepare(`SELECT ${IMAGE_COLUMNS} FROM images WHERE dataset_id = ? ORDER BY position`)
  const someImages = db.prepare(
    `SELECT ${IMAGE_COLUMNS} FROM images
     WHERE dataset_id = @id AND split = coalesce(@split, split) AND label = coalesce(@label, label)
     ORDER BY position LIMIT @limit OFFSET @offset`,
  )

  const save = db.transaction((dataset: Dataset, images: readonly DatasetImage[]) => {
    deleteDataset.run(dataset.id)
    insertDataset.run({
      ...dataset,
      split: JSON.stringify(dataset.split),
      report: JSON.stringify(dataset.report),
    })
    dataset.classes.forEach(({ counts, ...named }, label) =>
      insertClass.run({ datasetId: dataset.id, label, ...named, ...counts }),
    )
    images.forEach((image, position) => {
      const { path, label, split, hash, bytes, modified, width, height, group } = image
      insertImage.run(dataset.id, position, path, label, split, hash, bytes, modified, width, height, group)
    })
  })

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
    })
  }

  return {
    /** Stores a dataset, in place of the one with the same id. */
    save: (dataset: Dataset, images: readonly DatasetImage[]): void => {
      save.immediate(dataset, images)
    },

    list: (): Dataset[] => (all.all() as DatasetRow[]).map(toDataset),

    get(id: string): Dataset {
      const row = byId.get(id) as DatasetRow | undefined
      if (row === undefined)
        throw new AppError('not-found', `There is no dataset ${id}`, {
          hint: 'See them with: dplstudio dataset list',
        })
      return toDataset(row)
    },

    has: (id: string): boolean => byId.get(id) !== undefined,

    /** The latest dataset that was imported from a path. */
    findByOrigin(path: string): Dataset | null {
      const row = byOrigin.get(path) as DatasetRow | undefined
      return row === undefined ? null : toDataset(row)
    },

    /** All images in their order. They were checked when they were stored. */
    images: (id: string): DatasetImage[] => allImages.all(id) as DatasetImage[],

    someImages: (id: string, { split, label, offset, limit }: ImageFilter): DatasetImage[] =>
      someImages.all({ id, split: split ?? null, label: label ?? null, offset, limit }) as DatasetImage[],

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
}

interface ClassRow {
  name: string
  prompt: string
  folder: string | null
  train: number
  validation: number
  test: number
}

function toClass({ name, prompt, folder, train, validation, test }: ClassRow): DatasetClass {
  return { name, prompt, folder, counts: { train, validation, test } }
}

function totals(classes: readonly DatasetClass[]): SplitCounts {
  const total = (split: Split) => classes.reduce((sum, { counts }) => sum + counts[split], 0)
  return { train: total('train'), validation: total('validation'), test: total('test') }
}
