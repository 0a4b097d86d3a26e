import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { AppError } from '#shared/errors'
import { migrations } from './migrations.ts'

export type { Database } from 'better-sqlite3'

/**
 * Opens the index of a data folder, creates it where there is none, and brings it up to date. Several processes
 * may have it open at once. `:memory:` gives one of its own.
 *
 * @throws AppError `bad-file` when the file is damaged, `invalid-input` when it is newer than this program
 */
export function openDatabase(path: string, steps: readonly string[] = migrations): Database.Database {
  // The binary of better-sqlite3 does not fail on an older Node: it takes the process down.
  if (Number(process.versions.napi) < 10)
    throw new AppError('internal', `Node ${process.versions.node} is too old: 22.14 or newer is needed`, {
      hint: 'In the repository start it with: npm run dplstudio',
    })
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const db = new Database(path)
  try {
    db.pragma('busy_timeout = 10000')
    db.pragma('journal_mode = WAL')
    // WAL with NORMAL loses no consistency; what a power cut may take is in the run folders.
    db.pragma('synchronous = NORMAL')
    db.pragma('foreign_keys = ON')
    migrate(db, path, steps)
    return db
  } catch (thrown) {
    db.close()
    throw damaged(thrown, path)
  }
}

/** Applies the steps that the file has not seen, all or none of them. */
function migrate(db: Database.Database, path: string, steps: readonly string[]): void {
  const version = () => db.pragma('user_version', { simple: true }) as number
  if (version() > steps.length)
    throw new AppError('invalid-input', `${path} was written by a newer version of DPL Studio`, {
      hint: 'Update DPL Studio, or choose another data folder with --data-dir.',
    })
  if (version() === steps.length) return
  db.transaction(() => {
    // Another process may have been quicker; within the transaction nobody else is.
    for (const step of steps.slice(version())) db.exec(step)
    db.pragma(`user_version = ${steps.length}`)
  }).immediate()
}

function damaged(thrown: unknown, path: string): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown
  if (thrown.code !== 'SQLITE_NOTADB' && !thrown.code.startsWith('SQLITE_CORRUPT')) return thrown
  return new AppError('bad-file', `${path} is damaged: ${thrown.message}`, {
    hint: 'Move the file away, then rebuild it from the run folders: dplstudio reindex',
    cause: thrown,
  })
}
