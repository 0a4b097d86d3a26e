import { appendFileSync, cpSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkUnchanged, datasetFingerprint } from '#main/services/image-import/fingerprint'
import { importDataset } from '#main/services/image-import/import-dataset'
import { picture, pictures, temporaryFolder, writeFiles } from '../../../support/pictures.ts'

async function imported() {
  const folder = temporaryFolder()
  await writeFiles(folder, { ...pictures('cat', 5, 0), ...pictures('dog', 5, 10) })
  return { folder, ...(await importDataset({ folder })) }
}

describe('datasetFingerprint', () => {
  test('changes with whatever a run depends on, and with nothing else', async () => {
    const { dataset, images } = await imported()
    const [first, ...others] = images
    const of = (changes: Partial<typeof first>) =>
      datasetFingerprint(dataset.classes, [{ ...first!, ...changes }, ...others])
    expect(of({})).toBe(dataset.fingerprint)
    expect(of({ modified: 1, bytes: 1, group: 3 })).toBe(dataset.fingerprint)
    expect(datasetFingerprint(dataset.classes, images.toReversed())).toBe(dataset.fingerprint)
    const withFirst = (changes: { name?: string; prompt?: string }) =>
      dataset.classes.map((cls, label) => (label === 0 ? { ...cls, ...changes } : cls))
    expect(datasetFingerprint(withFirst({ prompt: 'kitten' }), images)).toBe(dataset.fingerprint)
    const changed = [
      of({ path: 'cat/zzz.png' }),
      of({ hash: 'f'.repeat(64) }),
      of({ label: 1 }),
      of({ split: first!.split === 'train' ? 'test' : 'train' }),
      datasetFingerprint(dataset.classes, others),
      datasetFingerprint(withFirst({ name: 'kitten' }), images),
    ]
    expect(new Set([dataset.fingerprint, ...changed]).size).toBe(7)
  })
})

describe('checkUnchanged', () => {
  test('is content with the same files, also when they were copied', async () => {
    const { folder, dataset, images } = await imported()
    const unchanged = { unchanged: true, changed: [], missing: [] }
    expect(await checkUnchanged(dataset, images)).toEqual(unchanged)
    const copy = join(temporaryFolder(), 'copy')
    cpSync(folder, copy, { recursive: true })
    utimesSync(join(copy, 'cat/000.png'), 1, 1)
    expect(await checkUnchanged({ root: copy }, images)).toEqual(unchanged)
  })

  test('names files that changed and files that are gone', async () => {
    const { folder, dataset, images } = await imported()
    appendFileSync(join(folder, 'cat/001.png'), 'x')
    const other = await picture(99).png().toBuffer()
    const { bytes } = images.find(({ path }) => path === 'dog/002.png')!
    // The same size, another content: only the time and then the hash can tell.
    await writeFiles(folder, { 'dog/002.png': Buffer.concat([other, Buffer.alloc(9999)]).subarray(0, bytes) })
    utimesSync(join(folder, 'dog/002.png'), 5, 5)
    rmSync(join(folder, 'dog/003.png'))
    expect(await checkUnchanged(dataset, images)).toEqual({
      unchanged: false,
      changed: ['cat/001.png', 'dog/002.png'],
      missing: ['dog/003.png'],
    })
    renameSync(folder, `${folder}-moved`)
    const gone = await checkUnchanged(dataset, images)
    renameSync(`${folder}-moved`, folder)
    expect(gone.missing).toHaveLength(10)
  })

  test('can be aborted', async () => {
    const { dataset, images } = await imported()
    await expect(
      checkUnchanged(dataset, images, { signal: AbortSignal.abort(new Error('stop')) }),
    ).rejects.toThrow('stop')
  })
})
