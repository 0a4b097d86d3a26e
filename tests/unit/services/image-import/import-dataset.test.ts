import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { Dataset, DatasetImage, type ProblemKind } from '#shared/schemas/dataset'
import {
  importDataset,
  resplitDataset,
  type ImportOptions,
  type ImportProgress,
} from '#main/services/image-import/import-dataset'
import { picture, pictures, temporaryFolder, writeFiles } from '../../../support/pictures.ts'

async function importFolder(folder: string, options: Partial<ImportOptions> = {}) {
  const { dataset, images } = await importDataset({ folder, ...options })
  // What is stored must be what can be read back.
  expect(Dataset.parse(dataset)).toEqual(dataset)
  expect(images.map((image) => DatasetImage.parse(image))).toEqual(images)
  const problems = (kind: ProblemKind) => dataset.report.problems.filter((problem) => problem.kind === kind)
  return { dataset, images, problems, paths: images.map(({ path }) => path) }
}

async function failure(promise: Promise<unknown>): Promise<AppError> {
  const thrown: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(thrown).toBeInstanceOf(AppError)
  return thrown as AppError
}

describe('what a folder is', () => {
  test('a folder of class folders gets a split of its own', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures('sea_lion', 10, 0),
      ...pictures('cat', 10, 100),
      'notes.txt': 'hello',
    })
    const { dataset, images, problems } = await importFolder(folder, { id: 'pets', name: 'Pets' })
    expect(dataset).toMatchObject({ id: 'pets', name: 'Pets', root: folder, source: 'class-folders' })
    expect(dataset.split).toMatchObject({ origin: 'seeded', seed: 1 })
    expect(dataset.classes).toEqual([
      { name: 'cat', prompt: 'cat', folder: 'cat', counts: { train: 5, validation: 2, test: 3 } },
      {
        name: 'sea_lion',
        prompt: 'sea lion',
        folder: 'sea_lion',
        counts: { train: 5, validation: 2, test: 3 },
      },
    ])
    expect(images[0]).toMatchObject({ path: 'cat/000.png', label: 0, width: 64, height: 48, group: null })
    expect(problems('other-files')[0]).toMatchObject({ count: 1, paths: ['notes.txt'], severity: 'note' })
    expect(problems('too-few')).toHaveLength(2)
  })

  test.each([
    ['train', 'val', 'test'],
    ['Training', 'valid', 'TEST'],
    ['train', 'validation', 'testing'],
  ])('folders %s, %s and %s are splits', async (train, validation, testing) => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures(`${train}/cat`, 3, 0),
      ...pictures(`${train}/dog`, 3, 10),
      ...pictures(`${validation}/cat`, 1, 20),
      ...pictures(`${validation}/dog`, 1, 30),
      ...pictures(`${testing}/cat`, 2, 40),
      ...pictures(`${testing}/dog`, 2, 50),
    })
    const { dataset, images } = await importFolder(folder)
    expect(dataset.source).toBe('split-folders')
    expect(dataset.split.origin).toBe('source')
    expect(dataset.counts).toEqual({ train: 6, validation: 2, test: 4 })
    expect(
      images.filter(({ path }) => path.startsWith(`${testing}/`)).every(({ split }) => split === 'test'),
    ).toBe(true)
    expect(dataset.classes.map(({ name, folder: at }) => [name, at])).toEqual([
      ['cat', null],
      ['dog', null],
    ])
  })

  test('a missing validation folder is made up for and reported', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures('train/cat', 10, 0),
      ...pictures('train/dog', 10, 20),
      ...pictures('test/cat', 2, 40),
      ...pictures('test/dog', 2, 50),
    })
    const { dataset, problems } = await importFolder(folder)
    expect(dataset.split.origin).toBe('completed')
    expect(dataset.counts).toEqual({ train: 16, validation: 4, test: 4 })
    expect(problems('missing-split')[0]!.message).toMatch(/no validation images/)
  })

  test('a train can be a class, and a test too if asked', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, { ...pictures('train', 3, 0), ...pictures('bus', 3, 10) })
    expect((await importFolder(folder)).dataset.classes.map(({ name }) => name)).toEqual(['bus', 'train'])
    const other = temporaryFolder()
    await writeFiles(other, { ...pictures('train/a', 3, 0), ...pictures('test/a', 3, 10) })
    const { dataset, problems } = await importFolder(other, { kind: 'class-folders' })
    expect(dataset.classes.map(({ name }) => name)).toEqual(['test', 'train'])
    expect(problems('nested-folder')).toHaveLength(2)
  })

  test('folders around the class folders are passed through', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures('download/images/cat', 3, 0),
      ...pictures('download/images/dog', 3, 10),
    })
    const { dataset, paths } = await importFolder(folder)
    expect(dataset.classes[0]).toMatchObject({ name: 'cat', folder: 'download/images/cat' })
    expect(paths[0]).toBe('download/images/cat/000.png')
  })

  test('empty class folders, strays and system folders are explained', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures('cat', 3, 0),
      ...pictures('dog', 3, 10),
      'stray.png': 50,
      'bird/readme.md': 'none yet',
      '.git/x.png': 51,
      '__MACOSX/cat/._000.png': 'x',
      'fish/shark.bmp': 'BM',
    })
    const { dataset, problems } = await importFolder(folder)
    expect(dataset.classes.map(({ name }) => name)).toEqual(['cat', 'dog'])
    expect(problems('empty-class').map(({ paths }) => paths)).toEqual([['bird'], ['fish']])
    expect(problems('other-files').map(({ paths }) => paths)).toEqual([['bird/readme.md'], ['stray.png']])
    expect(problems('unsupported')[0]).toMatchObject({ paths: ['fish/shark.bmp'], severity: 'excluded' })
  })

  test('nothing to import says what was looked for and found', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, { 'a.png': 1, 'b.png': 2, 'package.json': '{}' })
    const error = await failure(importDataset({ folder }))
    expect(error.code).toBe('invalid-input')
    expect(error.message).toMatch(/looked for class folders.*found 2 images, 0 folders, 1 CSV or JSON file/)
    expect(error.hint).toMatch(/folder of its own/)
    expect((await failure(importDataset({ folder: join(folder, 'gone') }))).code).toBe('not-found')
    expect((await failure(importDataset({ folder: join(folder, 'package.json') }))).code).toBe('bad-file')
    expect((await failure(importDataset({ folder, kind: 'coop-split' }))).message).toMatch(
      /looked for coop-split/,
    )
  })

  test('one class is too few', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, pictures('cat', 3, 0))
    await writeFiles(folder, { 'dog/a.jpg': 'no picture' })
    const { message } = await failure(importDataset({ folder }))
    expect(message).toMatch(/usable images of 1 class only; 1 image had to be left out/)
    rmSync(join(folder, 'dog'), { recursive: true })
    expect((await failure(importDataset({ folder }))).message).toMatch(/only one class, "cat", with 3 images/)
  })
})

/** A PNG whose header promises `side` x `side` pixels and whose data stops at once. */
function hugePng(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(64))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc32(bytes: Buffer): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

describe('images that cannot be used', () => {
  test('are left out with the reason, and the rest is imported', async () => {
    const folder = temporaryFolder()
    const jpeg = await picture(500, { width: 400, height: 300 }).jpeg().toBuffer()
    const png = await picture(501, { width: 400, height: 300 }).png().toBuffer()
    await writeFiles(folder, {
      ...pictures('cat', 4, 0),
      ...pictures('dog', 4, 10),
      'cat/truncated.jpg': jpeg.subarray(0, jpeg.length * 0.6),
      'cat/truncated.png': png.subarray(0, png.length * 0.6),
      'cat/empty.jpg': '',
      'cat/text.jpg': 'this is no picture, whatever its name says',
      'cat/page.jpg': '<!DOCTYPE html><html></html>',
      'cat/drawing.png': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      'cat/bitmap.jpg': Buffer.concat([Buffer.from('BM'), Buffer.alloc(64)]),
      'cat/huge.png': hugePng(60_000),
      'cat/random.webp': Buffer.concat([Buffer.from('RIFF\x10\0\0\0WEBPVP8 '), Buffer.alloc(40, 7)]),
    })
    const { dataset, images, problems } = await importFolder(folder)
    expect(images).toHaveLength(8)
    expect(dataset.report.excluded).toBe(9)
    const pathsOf = (kind: ProblemKind) =>
      problems(kind)
        .flatMap(({ paths }) => paths)
        .sort()
    expect(pathsOf('corrupt')).toEqual([
      'cat/empty.jpg',
      'cat/random.webp',
      'cat/truncated.jpg',
      'cat/truncated.png',
    ])
    expect(pathsOf('unsupported')).toEqual([
      'cat/bitmap.jpg',
      'cat/drawing.png',
      'cat/page.jpg',
      'cat/text.jpg',
    ])
    expect(pathsOf('too-large')).toEqual(['cat/huge.png'])
    for (const problem of dataset.report.problems)
      for (const text of [problem.message, problem.consequence, problem.remedy])
        expect(text).toMatch(/^["A-Z0-9].*\.$/s)
  })

  test('oddities are noted and do no harm', async () => {
    const folder = temporaryFolder()
    const frames = await Promise.all([600, 601].map((number) => picture(number).raw().toBuffer()))
    const animation = (format: 'gif' | 'webp') =>
      sharp(Buffer.concat(frames), { raw: { width: 64, height: 96, channels: 3, pageHeight: 48 } })
        .toFormat(format)
        .toBuffer()
    await writeFiles(folder, {
      ...pictures('cat', 3, 0),
      ...pictures('dog', 3, 10),
      'cat/print.jpg': await picture(20).toColourspace('cmyk').jpeg().toBuffer(),
      'cat/moving.gif': await animation('gif'),
      'dog/moving.webp': await animation('webp'),
      'cat/deep.png': await picture(21).toColourspace('rgb16').png().toBuffer(),
      'cat/scan.tif': await picture(22).tiff().toBuffer(),
      'cat/new.avif': await picture(23).avif().toBuffer(),
      'cat/name-is-wrong.png': await picture(24).jpeg().toBuffer(),
      'dog/icon.png': await picture(25, { width: 12, height: 12 }).png().toBuffer(),
      'dog/white.png': await sharp({ create: { width: 50, height: 50, channels: 3, background: 'white' } })
        .png()
        .toBuffer(),
    })
    const { images, problems } = await importFolder(folder)
    expect(images).toHaveLength(15)
    expect(images.find(({ path }) => path === 'cat/moving.gif')).toMatchObject({ width: 64, height: 48 })
    expect(problems('color-mode').flatMap(({ paths }) => paths)).toEqual(['cat/print.jpg'])
    expect(problems('animated').flatMap(({ paths }) => paths)).toEqual(['cat/moving.gif', 'dog/moving.webp'])
    expect(problems('tiny')[0]!.message).toBe('"dog/icon.png" is tiny (12 x 12).')
    expect(problems('blank').flatMap(({ paths }) => paths)).toEqual(['dog/white.png'])
  })
})

describe('the same picture more than once', () => {
  test('is found by content and by look, and stays on one side of the split', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, { ...pictures('cat', 20, 0), ...pictures('dog', 20, 100) })
    const large = picture(700, { width: 320, height: 240 })
    const turned = await large.clone().rotate(-90).toBuffer()
    await writeFiles(folder, {
      'cat/original.png': await large.clone().png().toBuffer(),
      'cat/recompressed.jpg': await large.clone().jpeg({ quality: 80 }).toBuffer(),
      'cat/smaller.webp': await large.clone().resize(160).webp({ quality: 90 }).toBuffer(),
      'cat/turned-by-exif.jpg': await sharp(turned).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      'cat/really-turned.png': await sharp(turned).png().toBuffer(),
      'cat/mirrored.png': await large.clone().flop().png().toBuffer(),
    })
    copyFileSync(join(folder, 'dog/000.png'), join(folder, 'dog/copy.png'))
    const { images, problems } = await importFolder(folder)

    expect(problems('near-duplicate')).toHaveLength(1)
    expect(problems('near-duplicate')[0]!.paths).toEqual(
      ['original.png', 'recompressed.jpg', 'smaller.webp', 'turned-by-exif.jpg'].map((name) => `cat/${name}`),
    )
    expect(problems('duplicate')[0]!.paths).toEqual(['dog/000.png', 'dog/copy.png'])
    expect(problems('split-leak')).toEqual([])
    expect(images.find(({ path }) => path === 'cat/turned-by-exif.jpg')).toMatchObject({
      width: 320,
      height: 240,
    })
    const sidesOf = (group: number) =>
      images.filter((image) => image.group === group).map(({ split }) => split)
    expect(sidesOf(0)).toHaveLength(4)
    expect(sidesOf(1)).toHaveLength(2)
    expect(new Set(sidesOf(0)).size + new Set(sidesOf(1)).size).toBe(2)
  })

  test('in two classes and in two splits of the source are told apart', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures('train/cat', 3, 0),
      ...pictures('train/dog', 3, 10),
      ...pictures('val/cat', 2, 20),
      ...pictures('val/dog', 2, 30),
      ...pictures('test/cat', 2, 40),
      ...pictures('test/dog', 2, 50),
    })
    copyFileSync(join(folder, 'train/cat/000.png'), join(folder, 'train/dog/also.png'))
    await writeFiles(folder, { 'test/cat/leaked.jpg': 1 })
    const { dataset, problems, images } = await importFolder(folder)
    expect(images).toHaveLength(16)
    expect(problems('class-conflict').map(({ paths }) => paths)).toEqual([
      ['train/cat/000.png', 'train/dog/also.png'],
    ])
    expect(problems('split-leak').map(({ paths }) => paths)).toEqual([
      ['train/cat/001.png', 'test/cat/leaked.jpg'],
    ])
    expect(dataset.report.problems[0]!.kind).toBe('class-conflict')

    const again = resplitDataset(
      { dataset, images },
      { seed: 3, fractions: { train: 0.5, validation: 0.25, test: 0.25 } },
    )
    const kinds = again.dataset.report.problems.map(({ kind }) => kind)
    expect(kinds).toContain('class-conflict')
    expect(kinds).not.toContain('split-leak')
    expect(again.dataset.split).toMatchObject({ origin: 'seeded', seed: 3 })
    expect(again.dataset.fingerprint).not.toBe(dataset.fingerprint)
    expect(Dataset.parse(again.dataset)).toEqual(again.dataset)
  })

  test('paths that differ only in case are noted', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, {
      ...pictures('cat', 2, 0),
      ...pictures('dog', 2, 10),
      'cat/A.png': 20,
      'cat/a.png': 21,
    })
    if (!existsSync(join(folder, 'cat/A.png')) || readdirSync(join(folder, 'cat')).length < 4) return // one file here
    expect((await importFolder(folder)).problems('case-collision')[0]!.paths).toEqual([
      'cat/A.png',
      'cat/a.png',
    ])
  })
})

describe('hostile folders', () => {
  test('links out of the folder are not followed, links inside it are', async () => {
    const [folder, outside] = [temporaryFolder(), temporaryFolder()]
    await writeFiles(folder, { ...pictures('cat', 3, 0), ...pictures('dog', 3, 10) })
    await writeFiles(outside, { 'secret.png': 20, 'dir/a.png': 21 })
    symlinkSync(join(outside, 'secret.png'), join(folder, 'cat/secret.png'))
    symlinkSync(join(outside, 'dir'), join(folder, 'outside-class'))
    symlinkSync('../dog/000.png', join(folder, 'cat/inside.png'))
    symlinkSync('nowhere.png', join(folder, 'cat/broken.png'))
    symlinkSync('..', join(folder, 'cat/circle'))
    symlinkSync('self.png', join(folder, 'cat/self.png'))
    const { paths, problems, dataset } = await importFolder(folder)
    expect(paths).toContain('cat/inside.png')
    expect(paths).toHaveLength(7)
    expect(dataset.classes.map(({ name }) => name)).toEqual(['cat', 'dog'])
    expect(problems('outside-root').flatMap(({ paths: at }) => at)).toEqual([
      'outside-class',
      'cat/secret.png',
    ])
    expect(problems('missing').flatMap(({ paths: at }) => at)).toEqual(['cat/broken.png', 'cat/self.png'])
  })

  test('folders that link to each other are followed once', async () => {
    const folder = temporaryFolder()
    const names = ['ant', 'bee', 'cat']
    for (const [i, name] of names.entries()) await writeFiles(folder, pictures(name, 1, i))
    for (const from of names)
      for (const to of names) if (from !== to) symlinkSync(`../${to}`, join(folder, from, to))
    const { paths, problems } = await importFolder(folder)
    expect(paths.filter((path) => path.startsWith('ant/'))).toEqual([
      'ant/000.png',
      'ant/bee/000.png',
      'ant/cat/000.png',
    ])
    expect(problems('class-conflict')).toHaveLength(3)
  })

  test('a list cannot name files outside its folder', async () => {
    const parent = temporaryFolder()
    const folder = join(parent, 'data')
    await writeFiles(parent, { 'secret.png': 20 })
    await writeFiles(folder, { ...pictures('cat', 3, 0), ...pictures('dog', 3, 10) })
    symlinkSync('../../secret.png', join(folder, 'cat/link.png'))
    const rows = [
      ...Object.keys(pictures('cat', 3, 0)).map((path) => `${path},cat`),
      ...Object.keys(pictures('dog', 3, 0)).map((path) => `./cat/../${path},dog`),
      '../secret.png,cat',
      `${join(parent, 'secret.png')},cat`,
      'cat/../../secret.png,cat',
      'C:\\secret.png,cat',
      'cat/link.png,cat',
    ]
    writeFileSync(join(folder, 'manifest.csv'), ['path,label', ...rows].join('\n'))
    const { paths, problems } = await importFolder(folder)
    expect(paths).toEqual([...Object.keys(pictures('cat', 3, 0)), ...Object.keys(pictures('dog', 3, 0))])
    expect(problems('outside-root')).toHaveLength(5)
  })

  test('names with newlines, emoji and control characters work and can be printed', async () => {
    const folder = temporaryFolder()
    const long = 'x'.repeat(240)
    await writeFiles(folder, {
      ...pictures('two\nlines', 2, 0),
      ...pictures('😀 cat', 2, 10),
      ...pictures('\u001b[31mred', 2, 20),
      ...pictures(`__proto__`, 2, 30),
      [`__proto__/${long}.png`]: 40,
      'two\nlines/\u202egnp.txt.png': 41,
      'two\nlines/empty\u001b[2J.png': '',
    })
    const { dataset, images } = await importFolder(folder)
    expect(dataset.classes.map(({ name }) => name)).toEqual([
      '\u001b[31mred',
      '__proto__',
      'two\nlines',
      '😀 cat',
    ])
    expect(dataset.classes[2]!.prompt).toBe('two lines')
    expect(images).toHaveLength(10)
    for (const { message } of dataset.report.problems) expect(message).not.toMatch(/[\u0000-\u001f\u202e]/)
  })

  test.skipIf(process.platform !== 'linux')(
    'names that are no UTF-8, pipes and unreadable folders are reported',
    async () => {
      const folder = temporaryFolder()
      await writeFiles(folder, { ...pictures('cat', 3, 0), ...pictures('dog', 3, 10) })
      copyFileSync(
        join(folder, 'cat/000.png'),
        Buffer.concat([Buffer.from(join(folder, 'cat/')), Buffer.from([0xff, 0xfe]), Buffer.from('.png')]),
      )
      execFileSync('mkfifo', [join(folder, 'cat/pipe.png')])
      writeFileSync(
        join(folder, 'images.csv'),
        'file,class\ncat/000.png,cat\ndog/000.png,dog\ncat/pipe.png,cat\n',
      )
      const byFolder = await importFolder(folder, { kind: 'class-folders' })
      expect(byFolder.images).toHaveLength(6)
      expect(byFolder.problems('invalid-name')[0]!.message).toMatch(/not valid UTF-8/)
      const byList = await importFolder(folder)
      expect(byList.problems('unsupported').flatMap(({ paths }) => paths)).toEqual(['cat/pipe.png'])
    },
  )

  test('a report stays small however much is wrong', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, { ...pictures('cat', 3, 0), ...pictures('dog', 3, 10) })
    await writeFiles(
      folder,
      Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`cat/bad${i}.jpg`, `bad ${i}`])),
    )
    const { dataset, problems } = await importFolder(folder)
    expect(problems('unsupported')).toHaveLength(100)
    expect(dataset.report.totals.unsupported).toBe(150)
    expect(dataset.report.excluded).toBe(150)
  })
})

describe('an import under way', () => {
  test('tells how far it is', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, { ...pictures('cat', 6, 0), ...pictures('dog', 6, 10) })
    const seen: ImportProgress[] = []
    await importFolder(folder, { onProgress: (progress) => seen.push(progress) })
    const checking = seen.filter(({ stage }) => stage === 'checking')
    expect(checking.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(checking.every(({ total }) => total === 12)).toBe(true)
    expect(seen.at(-1)).toEqual({ stage: 'comparing', done: 12, total: 12 })
  })

  test('ends with the reason of its signal', async () => {
    const folder = temporaryFolder()
    await writeFiles(folder, { ...pictures('cat', 40, 0), ...pictures('dog', 40, 100) })
    const abort = new AbortController()
    const reason = new AppError('run-cancelled', 'The import was cancelled.')
    const seen: number[] = []
    const promise = importDataset({
      folder,
      signal: abort.signal,
      onProgress: ({ stage, done }) => {
        if (stage !== 'checking') return
        seen.push(done)
        if (done === 10) abort.abort(reason)
      },
    })
    await expect(promise).rejects.toBe(reason)
    expect(seen.at(-1)).toBeLessThan(40)
  })
})

test('the same data gives the same result, wherever it lies', async () => {
  const [folder, parent] = [temporaryFolder(), temporaryFolder()]
  await writeFiles(folder, { ...pictures('cat', 10, 0), ...pictures('dog', 10, 100), 'cat/bad.jpg': 'x' })
  cpSync(folder, join(parent, 'copy'), { recursive: true })
  const [first, second] = [await importFolder(folder), await importFolder(join(parent, 'copy'))]
  const splits = ({ images }: typeof first) => images.map(({ path, split, hash }) => [path, split, hash])
  expect(splits(second)).toEqual(splits(first))
  expect(second.dataset.fingerprint).toBe(first.dataset.fingerprint)
  expect(second.dataset.report).toEqual(first.dataset.report)
})

test('the sample project: its split and prompts are used and nothing is wrong with it', async () => {
  const manifest = JSON.parse(readFileSync('resources/sample/manifest.json', 'utf8')) as {
    items: { file: string; split: string }[]
    classes: { name: string; prompt: string }[]
  }
  const { dataset, images } = await importFolder('resources/sample')
  expect(dataset.source).toBe('manifest')
  expect(dataset.split.origin).toBe('source')
  expect(dataset.classes.map(({ name, prompt }) => ({ name, prompt }))).toEqual(
    manifest.classes.map(({ name, prompt }) => ({ name, prompt })),
  )
  expect(images.map(({ path, split }) => [path, split === 'validation' ? 'val' : split])).toEqual(
    manifest.items.map(({ file, split }) => [file, split]),
  )
  expect(dataset.report).toEqual({ problems: [], totals: {}, excluded: 0 })
})
