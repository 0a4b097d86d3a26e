import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '#main/db/database'
import { migrations } from '#main/db/migrations'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'database-'))
  file = join(folder, 'index.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('openDatabase', () => {
  test('makes strict tables, with WAL and foreign keys', () => {
    const db = openDatabase(file)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1)
    const tables = db.pragma('table_list') as { schema: string; name: string; strict: number }[]
    const ours = tables.filter(({ schema, name }) => schema === 'main' && !name.startsWith('sqlite_'))
    expect(ours.map(({ name }) => name).sort()).toEqual(
      ['artifacts', 'classes', 'datasets', 'images', 'models', 'run_epochs', 'run_results', 'runs'].sort(),
    )
    expect(ours.every(({ strict }) => strict === 1)).toBe(true)
    db.close()
  })

  test('adds only the steps a file has not seen', () => {
    openDatabase(file).close()
    const db = openDatabase(file, [...migrations, 'CREATE TABLE later (id TEXT) STRICT'])
    expect(db.pragma('user_version', { simple: true })).toBe(migrations.length + 1)
    expect(db.prepare('SELECT count(*) AS n FROM later').get()).toEqual({ n: 0 })
    db.close()
    openDatabase(file, [...migrations, 'CREATE TABLE later (id TEXT) STRICT']).close()
  })

  test('applies all new steps or none', () => {
    openDatabase(file).close()
    expect(() =>
      openDatabase(file, [...migrations, 'CREATE TABLE half (id TEXT) STRICT', 'nonsense']),
    ).toThrow()
    const db = openDatabase(file)
    expect(db.pragma('user_version', { simple: true })).toBe(migrations.length)
    expect(() => db.prepare('SELECT * FROM half')).toThrow('no such table')
    db.close()
  })

  test('refuses a file of a newer program', () => {
    openDatabase(file, [...migrations, 'CREATE TABLE later (id TEXT) STRICT']).close()
    expect(() => openDatabase(file)).toThrow('newer version')
  })

  test('says how to get over a damaged file', () => {
    writeFileSync(file, 'this is no database, but long enough to be taken for one'.repeat(100))
    expect(() => openDatabase(file)).toThrow(expect.objectContaining({ code: 'bad-file' }))
  })

  test('lets a second process read and write meanwhile', () => {
    const [one, two] = [openDatabase(file), openDatabase(file)]
    one.prepare("INSERT INTO models VALUES ('a', 'a', '/a', 'openai', 'x', 1, '{}', 'now')").run()
    expect(two.prepare('SELECT count(*) AS n FROM models').get()).toEqual({ n: 1 })
    two.prepare('DELETE FROM models').run()
    one.close()
    two.close()
  })
})
