import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { importDataset, type ImportOptions } from '#main/services/image-import/import-dataset'
import { parseCsvManifest, parseJsonManifest } from '#main/services/image-import/manifest'
import { picture, pictures, temporaryFolder, writeFiles } from '../../../support/pictures.ts'

/** Pictures a/000.png, a/001.png, b/000.png, b/001.png under `images`, and a list beside it. */
async function folderWith(list: Record<string, string | Uint8Array>) {
  const folder = temporaryFolder()
  await writeFiles(folder, { ...pictures('images/a', 2, 0), ...pictures('images/b', 2, 10) })
  for (const [name, text] of Object.entries(list)) writeFileSync(join(folder, name), text)
  return folder
}

async function read(folder: string, options: Partial<ImportOptions> = {}) {
  const { dataset, images } = await importDataset({ folder, ...options })
  return {
    dataset,
    totals: dataset.report.totals,
    rows: images.map(({ path, label, split }) => [path, dataset.classes[label]!.name, split]),
  }
}

const ROWS = [
  ['a/001.png', 'sea lion', 'test'],
  ['a/000.png', 'sea lion', 'train'],
  ['b/000.png', 'dog', 'validation'],
  ['b/001.png', 'dog', 'train'],
]

describe('a CSV manifest', () => {
  test.each([
    ['plain', 'path,label,split', ',', '\n'],
    ['other names, semicolons, CRLF', 'File Name;Class_Name;Subset', ';', '\r\n'],
    ['tabs and a byte order mark', '\uFEFFimage\tcategory\tset', '\t', '\n'],
    ['more columns than we need', 'split,id,label,filepath', '*', '\n'],
  ])('%s', async (_, header, separator, newline) => {
    const lines = ROWS.map(([path, label, split]) =>
      separator === '*' ? `${split},7,${label},${path}` : [path, `"${label}"`, split].join(separator),
    )
    const folder = await folderWith({ 'manifest.csv': [header, ...lines, ''].join(newline) })
    const { dataset, rows, totals } = await read(folder)
    expect(rows).toEqual(ROWS)
    expect(dataset).toMatchObject({ source: 'manifest', root: join(folder, 'images') })
    expect(dataset.split.origin).toBe('source')
    expect(Object.keys(totals).sort()).toEqual(['missing-split', 'too-few'])
  })

  test('without a header, without splits, as UTF-16, with Windows paths', async () => {
    const text = ROWS.map(([path, label]) => `${path!.replace('/', '\\')},${label}`).join('\r\n')
    const folder = await folderWith({ 'list.csv': Buffer.from(`\uFEFF${text}`, 'utf16le') })
    const { dataset, rows } = await read(join(folder, 'list.csv'))
    expect(rows.map(([path, label]) => [path, label])).toEqual(ROWS.map(([path, label]) => [path, label]))
    expect(dataset.split.origin).toBe('seeded')
  })

  test('names with commas, quotes and newlines', async () => {
    const folder = temporaryFolder()
    const odd = 'he said "hi",\nthen left.png'
    await writeFiles(folder, { [odd]: 1, 'b.png': 2 })
    const cell = `"${odd.replaceAll('"', '""')}"`
    writeFileSync(join(folder, 'manifest.csv'), `path,label\n${cell},"a, b"\nb.png,c\n`)
    expect((await read(folder)).rows.map(([path, label]) => [path, label])).toEqual([
      [odd, 'a, b'],
      ['b.png', 'c'],
    ])
  })

  test('columns named by hand; a column that is not there is said', async () => {
    const text = ['name,kind,path', ...ROWS.map(([path, label]) => `${path},${label},unused`)].join('\n')
    const folder = await folderWith({ 'manifest.csv': text })
    expect((await read(folder, { columns: { path: 'name', label: 'kind' } })).rows).toHaveLength(4)
    const wrong = importDataset({ folder, columns: { path: 'nome', label: 'kind' } })
    await expect(wrong).rejects.toThrow(/no column "nome"/)
    await expect(wrong).rejects.toMatchObject({ hint: 'Its columns are: "name", "kind", "path".' })
  })

  test('what is wrong with single rows is reported', async () => {
    const lines = [
      'path,label,split',
      ...ROWS.map((row) => row.join(',')),
      'a/999.png,dog,train',
      'a/000.png,dog,train',
      'b/000.png,dog,test',
      'c/000.png,,train',
      `${'x'.repeat(5000)}.png,dog,train`,
    ]
    const folder = await folderWith({ 'manifest.csv': lines.join('\n') })
    const { totals, rows, dataset } = await read(folder)
    expect(rows).toEqual(ROWS)
    expect(totals).toMatchObject({ missing: 1, unreadable: 1, 'listed-twice': 2, 'no-class': 1 })
    const twice = dataset.report.problems.filter(({ kind }) => kind === 'listed-twice')
    expect(twice.map(({ message }) => /another (class|split)/.exec(message)?.[1])).toEqual(['class', 'split'])
  })

  test('splits that are none are distributed', async () => {
    const text = [
      'path,label,split',
      ...ROWS.map(([path, label], i) => `${path},${label},${i % 2 ? 'fold1' : 'train'}`),
    ]
    const { totals, dataset } = await read(await folderWith({ 'manifest.csv': text.join('\n') }))
    expect(totals['unknown-split']).toBe(1)
    expect(dataset.split.origin).toBe('seeded')
  })

  test('a file that is no UTF-8 and one with broken quotes are refused', async () => {
    const latin = await folderWith({
      'manifest.csv': Buffer.from('path,label\na/000.png,caf\xe9\n', 'latin1'),
    })
    await expect(importDataset({ folder: latin })).rejects.toThrow(/not UTF-8/)
    const broken = await folderWith({ 'manifest.csv': 'path,label\na/000.png,"dog\n' })
    await expect(importDataset({ folder: broken })).rejects.toThrow(AppError)
  })

  test('a table that is no list of images does not hide the class folders', async () => {
    const folder = await folderWith({
      'results.csv': 'epoch,loss\n1,2\n',
      'labels.csv': 'index,meaning\n1,cat\n',
    })
    expect((await read(folder)).dataset.source).toBe('class-folders')
  })

  test('any table of strings comes back cell by cell', () => {
    const cell = fc.string({ unit: 'grapheme' })
    const entries = fc.array(
      fc.record({ path: cell.filter((text) => text !== ''), label: cell, split: cell }),
    )
    fc.assert(
      fc.property(entries, fc.constantFrom(',', ';', '\t'), (rows, separator) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
        const lines = rows.map(({ path, label, split }) => [path, label, split].map(quote).join(separator))
        const text = [['path', 'label', 'split'].join(separator), ...lines].join('\r\n')
        expect(parseCsvManifest(text)?.entries).toEqual(
          rows.map(({ path, label, split }) => ({ path, label: label.trim(), split: split.trim() })),
        )
      }),
    )
  })

  test('any text is a list, no list, or an AppError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, withHeader) => {
        try {
          parseCsvManifest(withHeader ? `path,label\n${text}` : text)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a JSON manifest', () => {
  const items = ROWS.map(([file, name, split]) => ({ file, class: name, split, label: 'a detail' }))

  test('with declared classes keeps their order, names and prompts', async () => {
    const json = {
      name: 'my-set',
      classes: [
        { name: 'sea lion', dir: 'a', prompt: 'sea lion, an animal' },
        { name: 'dog', dir: 'b' },
      ],
      items: items.map((item, i) => (i % 2 ? { ...item, class: item.class === 'dog' ? 'b' : 'a' } : item)),
    }
    const { dataset, rows } = await read(await folderWith({ 'manifest.json': JSON.stringify(json) }))
    expect(rows).toEqual(ROWS)
    expect(dataset.name).toBe('my-set')
    expect(dataset.classes.map(({ prompt, folder }) => [prompt, folder])).toEqual([
      ['sea lion, an animal', 'a'],
      ['dog', 'b'],
    ])
  })

  test('a bare list of items, and classes by number', async () => {
    const bare = await read(await folderWith({ 'manifest.json': JSON.stringify(items) }))
    expect(bare.dataset.classes.map(({ name }) => name)).toEqual(['dog', 'sea lion'])
    const numbered = {
      classes: ['dog', 'sea lion'],
      images: undefined,
      items: items.map((item) => ({ ...item, class: item.class === 'dog' ? 0 : 1 })),
    }
    expect((await read(await folderWith({ 'manifest.json': JSON.stringify(numbered) }))).rows).toEqual(ROWS)
  })

  test('a class that is not declared is reported; one without images is left out', async () => {
    const classes = ['sea lion', 'dog', 'cat', 'owl']
    const wrong = { classes, items: [...items, { file: 'b/000.png', class: 'wolf', split: 'train' }] }
    const { dataset, totals } = await read(await folderWith({ 'manifest.json': JSON.stringify(wrong) }))
    expect(totals).toMatchObject({ 'no-class': 1, 'empty-class': 2 })
    expect(dataset.classes.map(({ name }) => name)).toEqual(['sea lion', 'dog'])
  })

  test('of something else does not hide the class folders', async () => {
    const folder = await folderWith({
      'manifest.json': '{"short_name":"app","icons":[]}',
      'broken.json': '{',
    })
    expect((await read(folder)).dataset.source).toBe('class-folders')
  })

  test('any JSON value is a manifest or null', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const wrapped = parseJsonManifest({ items: [json] })
        for (const manifest of [parseJsonManifest(json), wrapped])
          for (const entry of manifest?.entries ?? [])
            expect(Object.values(entry).every((value) => typeof value === 'string')).toBe(true)
      }),
    )
  })
})

test('an image root far from the list is used when given', async () => {
  const [lists, images] = [temporaryFolder(), temporaryFolder()]
  await writeFiles(images, { 'x/1.png': 1, 'x/2.png': await picture(2).png().toBuffer() })
  writeFileSync(join(lists, 'list.csv'), 'path,label\nx/1.png,a\nx/2.png,b\n')
  const { dataset, rows } = await read(join(lists, 'list.csv'), { imageRoot: images })
  expect(rows.map(([path]) => path)).toEqual(['x/1.png', 'x/2.png'])
  expect(dataset).toMatchObject({ root: images, importedFrom: join(lists, 'list.csv') })
})
