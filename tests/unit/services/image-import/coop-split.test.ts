import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { drawFewShot } from '#main/engine/data/few-shot'
import { writeCoopSplit, type CoopSplit } from '#main/services/image-import/coop-split'
import { importDataset } from '#main/services/image-import/import-dataset'
import { temporaryFolder, writeFiles } from '../../../support/pictures.ts'

/** In the order of a published file: neither by label nor by name. */
const SPLIT: CoopSplit = {
  train: [
    ['beagle_7.png', 1, 'beagle'],
    ['abyssinian_2.png', 0, 'abyssinian_cat'],
    ['beagle_1.png', 1, 'beagle'],
    ['abyssinian_1.png', 0, 'abyssinian_cat'],
  ],
  val: [['abyssinian_9.png', 0, 'abyssinian_cat']],
  test: [
    ['beagle_3.png', 1, 'beagle'],
    ['abyssinian_4.png', 0, 'abyssinian_cat'],
  ],
}

/** Laid out like the published datasets: the split file beside a folder of images. */
async function pets(split: unknown = SPLIT, name = 'split_zhou_Pets.json') {
  const folder = temporaryFolder()
  const paths = Object.values(SPLIT).flatMap((entries: [string, number, string][]) =>
    entries.map(([path]) => path),
  )
  await writeFiles(folder, Object.fromEntries(paths.map((path, number) => [`images/${path}`, number])))
  writeFileSync(join(folder, name), JSON.stringify(split))
  return folder
}

describe('a CoOp split file', () => {
  test('is read in its order, with the folder of images found', async () => {
    const folder = await pets()
    const { dataset, images } = await importDataset({ folder })
    expect(dataset).toMatchObject({ source: 'coop-split', root: join(folder, 'images') })
    expect(dataset.classes.map(({ name, prompt }) => [name, prompt])).toEqual([
      ['abyssinian_cat', 'abyssinian cat'],
      ['beagle', 'beagle'],
    ])
    expect(images.map(({ path, label, split }) => [path, label, split])).toEqual([
      ...SPLIT.train.map(([path, label]) => [path, label, 'train']),
      ...SPLIT.val.map(([path, label]) => [path, label, 'validation']),
      ...SPLIT.test.map(([path, label]) => [path, label, 'test']),
    ])
    const train = images.filter(({ split }) => split === 'train')
    expect(drawFewShot({ train, validation: [], shots: 1, seed: 1 }).train.map(({ label }) => label)).toEqual(
      [1, 0],
    )
  })

  test('comes out as it went in', async () => {
    const folder = await pets()
    const { dataset, images } = await importDataset({ folder })
    const path = join(folder, 'out/written.json')
    writeCoopSplit(dataset, images, path)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(SPLIT)
  })

  test('written for class folders can be read back as the same dataset', async () => {
    const folder = temporaryFolder()
    const names = Array.from({ length: 10 }, (_, i) => i)
    await writeFiles(
      folder,
      Object.fromEntries(
        names.flatMap((i) => [
          [`cat/${i}.png`, i],
          [`dog/${i}.png`, 50 + i],
        ]),
      ),
    )
    const first = await importDataset({ folder })
    writeCoopSplit(first.dataset, first.images, join(folder, 'split_mine.json'))
    const second = await importDataset({ folder })
    expect(second.dataset.source).toBe('coop-split')
    expect(second.dataset.fingerprint).toBe(first.dataset.fingerprint)
  })

  test('closes gaps between labels and keeps classes of the same name apart', async () => {
    const split = {
      train: [
        ['beagle_7.png', 9, 'crane'],
        ['beagle_1.png', 4, 'crane'],
      ],
      val: [],
      test: [['beagle_3.png', 9, 'crane']],
    }
    const { dataset, images } = await importDataset({ folder: await pets(split) })
    expect(dataset.classes.map(({ name }) => name)).toEqual(['crane', 'crane'])
    expect(images.map(({ label }) => label)).toEqual([1, 0, 1])
  })

  test('is refused when a label has two names or an entry is malformed', async () => {
    const twoNames = { ...SPLIT, val: [['abyssinian_9.png', 0, 'cat']] }
    await expect(importDataset({ folder: await pets(twoNames) })).rejects.toThrow(
      /calls label 0 both "abyssinian_cat" and "cat"/,
    )
    for (const bad of [
      { ...SPLIT, val: [['a.png', 'zero', 'cat']] },
      { train: [[]] },
      { ...SPLIT, test: {} },
    ]) {
      const error: unknown = await importDataset({ folder: await pets(bad) }).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(AppError)
      expect(error).toMatchObject({ code: 'bad-file' })
    }
  })

  test('cannot reach outside the images', async () => {
    const split = {
      ...SPLIT,
      test: [...SPLIT.test, ['../split_zhou_Pets.json', 0, 'abyssinian_cat'], ['/etc/passwd', 1, 'beagle']],
    }
    const { dataset, images } = await importDataset({ folder: await pets(split) })
    expect(images).toHaveLength(7)
    expect(dataset.report.totals['outside-root']).toBe(2)
  })
})
