import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '..', '..', '..', 'out', 'main')
const entries = ['index.js', 'cli.js', 'engine.js', 'serve.js']

// An engine that loads the command line starts an engine that loads the command line, without end.
test('no bundle loads an entry', () => {
  const bundles = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  )
  expect(bundles).toEqual(expect.arrayContaining(['cli.js', 'engine.js']))
  for (const name of bundles) {
    const loaded = [
      ...readFileSync(join(folder, name), 'utf8').matchAll(/\b(?:require|import)\(\s*["'`](\.[^"'`]+)["'`]/g),
    ]
    expect({
      name,
      loads: loaded.map(([, path]) => basename(path!)).filter((file) => entries.includes(file)),
    }).toEqual({
      name,
      loads: [],
    })
  }
})
