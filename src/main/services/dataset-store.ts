import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Emit } from '#shared/contract'
import { AppError } from '#shared/errors'
import { Dataset, DatasetImage } from '#shared/schemas/dataset'
import { DatasetEdit } from '#shared/schemas/dataset-edit'
import type { DatasetsRepository } from '#main/db/datasets-repository'
import { readJson, writeFileAtomic, writeJson } from '#main/files'
import { applyEdits, tryEdit, type EditedDataset } from './dataset-edits.ts'
import type { ImportedDataset } from './image-import/import-dataset.ts'
import { freeName } from './names.ts'

/** What the import gave, as a file beside the database, from which the database can be rebuilt. Edits leave it alone. */
const DatasetFile = z.object({ dataset: Dataset, images: z.array(DatasetImage) })

/**
 * What was done to a dataset since: the first `done` edits count, the others were undone. In a file of its own, so
 * that an edit writes a few lines and not a hundred thousand images.
 */
const EditHistory = z.object({
  done: z.number().int().nonnegative(),
  entries: z.array(z.object({ edit: DatasetEdit, words: z.string() })),
})
type EditHistory = z.infer<typeof EditHistory>

export interface DatasetStoreParts {
  repository: DatasetsRepository
  folder: string
  emit: Emit
}

/** Datasets at rest: files that count, and the index that follows them. */
export function createDatasetStore({ repository, folder, emit }: DatasetStoreParts) {
  const fileOf = (id: string) => join(folder, `${id}.json`)
  const historyFileOf = (id: string) => join(folder, `${id}.edits`)

  function historyOf(id: string): EditHistory {
    const path = historyFileOf(id)
    return existsSync(path) ? readJson(path, EditHistory) : { done: 0, entries: [] }
  }

  function index(base: ImportedDataset): Dataset {
    const history = historyOf(base.dataset.id)
    const edited = withHistory(applyEdits(base, doneEdits(history)), history)
    repository.save(base.dataset, base.images, edited)
    return edited.dataset
  }

  /** All of it or nothing: an edit that cannot be written is not in the index either. */
  function change(id: string, history: EditHistory, edited: EditedDataset): Dataset {
    const named = withHistory(edited, history)
    repository.change(named, () => writeJson(historyFileOf(id), history))
    emit('dataset/changed', named.dataset)
    return named.dataset
  }

  function moveTo(id: string, done: number): Dataset {
    const history = { ...historyOf(id), done }
    return change(id, history, applyEdits(repository.base(id), doneEdits(history)))
  }

  return {
    /** An id that no dataset has, nor the files of one. */
    freeId: (wanted: string): string =>
      freeName(wanted, (id) => repository.has(id) || existsSync(fileOf(id)) || existsSync(historyFileOf(id))),

    /** Stores what an import gave. Edits of a dataset with this id stay, for the same data has come again. */
    put(base: ImportedDataset): Dataset {
      writeFileAtomic(fileOf(base.dataset.id), JSON.stringify(base))
      const dataset = index(base)
      emit('dataset/changed', dataset)
      return dataset
    },

    /** Adds an edit, in place of those that were undone. What would change nothing is not kept. */
    edit(id: string, edit: DatasetEdit): Dataset {
      const before = historyOf(id)
      const result = tryEdit(repository.base(id), doneEdits(before), edit)
      if (result === null) return repository.get(id)
      const entries = [...before.entries.slice(0, before.done), { edit, words: result.words }]
      return change(id, { done: entries.length, entries }, result.edited)
    },

    undo(id: string): Dataset {
      const { name } = repository.get(id)
      const { done } = historyOf(id)
      if (done === 0) throw nothingTo('undo', name)
      return moveTo(id, done - 1)
    },

    redo(id: string): Dataset {
      const { name } = repository.get(id)
      const { done, entries } = historyOf(id)
      if (done === entries.length) throw nothingTo('redo', name)
      return moveTo(id, done + 1)
    },

    /** Forgets a dataset. Images and runs stay. */
    remove(id: string): void {
      repository.get(id)
      rmSync(fileOf(id), { force: true })
      rmSync(historyFileOf(id), { force: true })
      repository.delete(id)
      emit('dataset/removed', { id })
    },

    /** Reads a dataset file back into the index. Returns the id. */
    index: (path: string): string => index(readJson(path, DatasetFile)).id,
  }
}

function doneEdits({ done, entries }: EditHistory): DatasetEdit[] {
  return entries.slice(0, done).map(({ edit }) => edit)
}

function withHistory({ dataset, places }: EditedDataset, { done, entries }: EditHistory): EditedDataset {
  const history = { undo: entries[done - 1]?.words ?? null, redo: entries[done]?.words ?? null }
  return { dataset: { ...dataset, history }, places }
}

function nothingTo(what: 'undo' | 'redo', name: string): AppError {
  const why = what === 'undo' ? 'is as it was imported' : 'has no undone change'
  return new AppError('invalid-input', `There is nothing to ${what}: ${name} ${why}.`)
}
