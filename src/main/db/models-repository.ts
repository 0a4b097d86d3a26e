import { AppError } from '#shared/errors'
import { RegisteredModel } from '#shared/schemas/registered-model'
import type { Database } from './database.ts'

const COLUMNS =
  'id, name, path, source, digest, size_bytes AS sizeBytes, architecture, imported_at AS importedAt'

/** Registered CLIP weights. Rows in, domain objects out. */
export function createModelsRepository(db: Database) {
  const save = db.prepare(
    `INSERT OR REPLACE INTO models (id, name, path, source, digest, size_bytes, architecture, imported_at)
     VALUES (@id, @name, @path, @source, @digest, @sizeBytes, @architecture, @importedAt)`,
  )
  const all = db.prepare(`SELECT ${COLUMNS} FROM models ORDER BY imported_at, id`)
  const byId = db.prepare(`SELECT ${COLUMNS} FROM models WHERE id = ?`)
  const byPath = db.prepare(`SELECT ${COLUMNS} FROM models WHERE path = ? ORDER BY imported_at DESC LIMIT 1`)
  const byDigest = db.prepare(
    `SELECT ${COLUMNS} FROM models WHERE digest = ? ORDER BY imported_at DESC LIMIT 1`,
  )
  const remove = db.prepare('DELETE FROM models WHERE id = ?')
  const optional = (row: unknown): RegisteredModel | null => (row === undefined ? null : toModel(row))

  return {
    /** Stores a model, in place of the one with the same id. */
    save: (model: RegisteredModel): void =>
      void save.run({ ...model, architecture: JSON.stringify(model.architecture) }),

    list: (): RegisteredModel[] => all.all().map(toModel),

    get(id: string): RegisteredModel {
      const row = byId.get(id)
      if (row === undefined)
        throw new AppError('not-found', `There is no model ${id}`, {
          hint: 'See them with: dplstudio model list',
        })
      return toModel(row)
    },

    has: (id: string): boolean => byId.get(id) !== undefined,
    findByPath: (path: string): RegisteredModel | null => optional(byPath.get(path)),
    findByDigest: (digest: string): RegisteredModel | null => optional(byDigest.get(digest)),
    delete: (id: string): void => void remove.run(id),
  }
}

export type ModelsRepository = ReturnType<typeof createModelsRepository>

function toModel(row: unknown): RegisteredModel {
  const model = row as Record<string, unknown> & { architecture: string }
  return RegisteredModel.parse({ ...model, architecture: JSON.parse(model.architecture) as unknown })
}
