import { existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { MOST_UPLOAD_BYTES, createUploads, type Uploads } from '#main/services/uploads'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let folder: string
let uploads: Uploads
beforeEach(() => {
  folder = temporaryFolder()
  uploads = createUploads({ folder, isOffered: true })
})

async function* content(...parts: (string | Buffer | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve()
    if (part instanceof Error) throw part
    yield Buffer.from(part)
  }
}

test('a file is kept below its own folder, a second one of the name replaces it', async () => {
  const { id, folder: own } = uploads.begin()
  await uploads.receive(id, ['pets', 'cat', 'ü 1.JPG'], content('one', 'two'))
  await uploads.receive(id, ['pets', 'cat', 'ü 1.JPG'], content('three'))
  expect(readFileSync(join(own, 'pets/cat/ü 1.JPG'), 'utf8')).toBe('three')
  expect(uploads.begin().folder).not.toBe(own)
})

test('of a file that breaks off, or is too large, nothing stays', async () => {
  const { id, folder: own } = uploads.begin()
  await expect(uploads.receive(id, ['a.png'], content('half', new Error('gone')))).rejects.toThrow('gone')
  const piece = Buffer.alloc(40 * 1024 * 1024)
  const pieces = Array.from({ length: MOST_UPLOAD_BYTES / piece.length + 1 }, () => piece)
  await expect(uploads.receive(id, ['a.png'], content(...pieces))).rejects.toMatchObject({ code: 'bad-file' })
  expect(readdirSync(own)).toEqual([])
})

test('only what an import or a model can use is taken', async () => {
  const { id } = uploads.begin()
  for (const name of ['labels.csv', 'split.json', 'classes.txt', 'clip.safetensors', 'clip.PT', 'a.webp'])
    await uploads.receive(id, [name], content('x'))
  for (const name of ['program.exe', 'page.html', 'drawing.svg', 'png', '.png', 'a.png.sh'])
    await expect(uploads.receive(id, [name], content('x'))).rejects.toMatchObject({ code: 'unsupported' })
})

test('nothing is written outside', async () => {
  const { id, folder: own } = uploads.begin()
  const elsewhere = temporaryFolder()
  symlinkSync(elsewhere, join(own, 'link'))
  await expect(uploads.receive(id, ['link', 'a.png'], content('x'))).rejects.toMatchObject({
    code: 'invalid-input',
  })
  expect(existsSync(join(elsewhere, 'a.png'))).toBe(false)
  for (const unknown of ['0123456789abcdef', '..', '', `${id}/..`])
    await expect(uploads.receive(unknown, ['a.png'], content('x'))).rejects.toMatchObject({
      code: 'not-found',
    })
})

test('a program that shares the disk with its user offers none', () => {
  const none = createUploads({ folder, isOffered: false })
  expect(() => none.begin()).toThrow(expect.objectContaining({ code: 'unsupported' }) as Error)
})
