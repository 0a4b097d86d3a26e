import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFolders } from '#main/services/folders'
import { createSettings } from '#main/services/settings'
import type { Shell } from '#main/shell'

let folder: string
const path = (...parts: string[]) => join(folder, ...parts)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folders-'))
  for (const name of ['open/b', 'open/a', 'open/.hidden', 'closed', 'data', 'pictures'])
    mkdirSync(path(name), { recursive: true })
  writeFileSync(path('open/list.csv'), 'path,label\n')
})

function create(shell: Partial<Shell> = {}) {
  const settings = createSettings({ file: path('settings.json'), emit: () => undefined })
  const folders = createFolders({
    shell: {
      capabilities: { chooser: 'browse', reveal: false, upload: false },
      browseRoots: [path('open')],
      ...shell,
    },
    settings,
    dataFolder: path('data'),
    knownFolders: () => [path('pictures')],
  })
  return { folders, settings }
}

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('browsing', () => {
  test('folders come first, then files with their size; hidden ones are left out', () => {
    const listing = create().folders.browse({ path: path('open') })
    expect(listing.entries.map(({ name, kind, bytes }) => [name, kind, bytes])).toEqual([
      ['a', 'folder', 0],
      ['b', 'folder', 0],
      ['list.csv', 'file', 11],
    ])
    expect(listing.parent).toBeNull()
    expect(create().folders.browse({ path: path('open', 'a') }).parent).toBe(path('open'))
  })

  test.each([
    ['a folder outside', () => path('closed')],
    ['a way out', () => `${path('open')}/../closed`],
    ['a link that leads out', () => path('open', 'link')],
  ])('%s is refused', (_, target) => {
    symlinkSync(path('closed'), path('open', 'link'))
    expect(() => create().folders.browse({ path: target() })).toThrow(/outside/)
  })

  test('a file and a folder that is not there say so', () => {
    expect(() => create().folders.browse({ path: path('open', 'list.csv') })).toThrow(/is a file/)
    expect(() => create().folders.browse({ path: path('open', 'c') })).toThrow(/There is no/)
  })
})

describe('dialogs of the system', () => {
  test('begin in the folder of the last choice of the same purpose', async () => {
    const begun: (string | undefined)[] = []
    const { folders } = create({
      choose: ({ purpose }, begin) => {
        begun.push(begin)
        return Promise.resolve(purpose === 'import' ? [path('pictures')] : [])
      },
    })
    const request = { kind: 'folder' as const, title: '', extensions: [] }
    await folders.choose({ ...request, purpose: 'import' })
    await folders.choose({ ...request, purpose: 'import' })
    await folders.choose({ ...request, purpose: 'export' })
    expect(begun).toEqual([undefined, path('pictures'), undefined])
  })

  test('where there are none, the remedy is said', async () => {
    const request = { kind: 'folder' as const, title: '', extensions: [], purpose: 'import' }
    await expect(create().folders.choose(request)).rejects.toMatchObject({ code: 'unsupported' })
    await expect(create().folders.reveal({ path: path('data') })).rejects.toMatchObject({
      code: 'unsupported',
    })
  })
})

describe('showing files', () => {
  const shown: string[] = []
  const shell: Partial<Shell> = {
    reveal: (file) => {
      shown.push(file)
      return Promise.resolve()
    },
  }

  test('of the data folder and of folders that the program knows', async () => {
    const { folders } = create(shell)
    await folders.reveal({ path: path('data') })
    await folders.reveal({ path: path('pictures') })
    expect(shown).toEqual([path('data'), path('pictures')])
  })

  test('of other folders is refused, also through a link', async () => {
    symlinkSync(path('closed'), path('data', 'link'))
    const { folders } = create(shell)
    for (const target of [path('closed'), path('data', 'link'), path('data', '..', 'closed')])
      await expect(folders.reveal({ path: target })).rejects.toMatchObject({ code: 'invalid-input' })
  })
})
