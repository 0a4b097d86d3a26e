import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { readZipDirectory, unpackZip } from '#main/runtime/wheel'
import { makeZip, type ZipInput } from '../../support/archives.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const safeName = fc
  .stringMatching(/^[a-z][a-z0-9_é🙂 .-]{0,12}[a-z0-9]$/u)
  .filter((name) => !name.includes('..'))
const inputs = fc.uniqueArray(
  fc.record({
    name: safeName,
    content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
    stored: fc.boolean(),
    wide: fc.boolean(),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 5 },
)

async function unpack(archive: Buffer, folder: string) {
  const path = join(folder, 'archive.whl')
  const out = join(folder, 'out')
  writeFileSync(path, archive)
  rmSync(out, { recursive: true, force: true })
  return unpackZip(path, { folder: out, take: (entry) => entry })
}

function contents(folder: string): Map<string, string> {
  const out = join(folder, 'out')
  return new Map(
    (existsSync(out) ? readdirSync(out) : []).map((name) => [name, readFileSync(join(out, name), 'hex')]),
  )
}

/** A damaged archive may be refused, or not matter; it must never give other content. */
async function refusedOrEqual(archive: Buffer, original: readonly ZipInput[], folder: string) {
  try {
    for (const { path } of await unpack(archive, folder)) {
      const expected = original.find(({ name }) => name === path)
      expect(contents(folder).get(path)).toBe(expected?.content.toString('hex'))
    }
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError)
    expect((thrown as AppError).code).toBe('bad-file')
  }
}

describe('unpackZip', () => {
  test('gives back every file, whatever the packing, also in zip64', async () => {
    const folder = temporaryFolder()
    await fc.assert(
      fc.asyncProperty(inputs, fc.boolean(), async (entries, wideDirectory) => {
        const files = await unpack(makeZip(entries, { wideDirectory }), folder)
        expect(contents(folder)).toEqual(
          new Map(entries.map((entry) => [entry.name, entry.content.toString('hex')])),
        )
        expect(files.map(({ bytes }) => bytes)).toEqual(entries.map(({ content }) => content.length))
      }),
      { numRuns: 60 },
    )
  })

  test('refuses an archive cut short at any place', async () => {
    const folder = temporaryFolder()
    const archive = makeZip([
      { name: 'a', content: Buffer.from('some text that is long enough to be packed'.repeat(4)), wide: true },
      { name: 'b', content: Buffer.from('stored'), stored: true },
    ])
    for (let length = 0; length < archive.length; length++)
      await expect(unpack(archive.subarray(0, length), folder)).rejects.toMatchObject({ code: 'bad-file' })
  })

  test('never gives wrong content for an archive with a flipped bit', async () => {
    const folder = temporaryFolder()
    await fc.assert(
      fc.asyncProperty(inputs, fc.nat(), fc.boolean(), async (entries, position, wideDirectory) => {
        const archive = makeZip(entries, { wideDirectory })
        const bit = position % (archive.length * 8)
        archive[bit >> 3]! ^= 1 << (bit & 7)
        await refusedOrEqual(archive, entries, folder)
      }),
      { numRuns: 300 },
    )
  })

  test('refuses noise', async () => {
    const folder = temporaryFolder()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await refusedOrEqual(Buffer.from(bytes), [], folder)
      }),
      { numRuns: 100 },
    )
  })

  test.each(['../evil', 'a/../../evil', '/evil', 'a\\..\\evil', 'C:evil', 'a\0b', ''])(
    'refuses an entry called %j',
    async (name) => {
      const folder = temporaryFolder()
      await expect(unpack(makeZip([{ name, content: Buffer.from('x') }]), folder)).rejects.toThrow(
        /unsafe name/,
      )
      expect(existsSync(join(folder, 'evil'))).toBe(false)
    },
  )

  test('writes nothing outside the folder, whatever the destination', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'archive.whl')
    writeFileSync(path, makeZip([{ name: 'a', content: Buffer.from('x') }]))
    const target = { folder: join(folder, 'out'), take: () => '../evil' }
    await expect(unpackZip(path, target)).rejects.toMatchObject({ code: 'bad-file' })
    expect(existsSync(join(folder, 'evil'))).toBe(false)
  })

  test.each([
    ['a wrong checksum', { crc32: 1 }, /checksum of a is wrong/],
    ['more content than announced', { bytes: 3 }, /longer than the 3 bytes/],
    ['less content than announced', { bytes: 4_200_000_000 }, /instead of 4200000000/],
    ['an unknown packing', { method: 14 }, /method 14/],
    ['an encrypted entry', { flags: 1 }, /encrypted/],
  ])('refuses %s', async (_, claim, message) => {
    const archive = makeZip([{ name: 'a', content: Buffer.from('content'), claim }])
    await expect(unpack(archive, temporaryFolder())).rejects.toThrow(message)
  })

  test('unpacks only what is asked for', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'archive.whl')
    writeFileSync(path, makeZip(['a', 'b', 'c/'].map((name) => ({ name, content: Buffer.from(name) }))))
    const files = await unpackZip(path, {
      folder: join(folder, 'out'),
      take: (name) => (name === 'b' ? 'x/y' : null),
    })
    expect(files.map(({ path }) => path)).toEqual(['x/y'])
    expect(readFileSync(join(folder, 'out', 'x', 'y'), 'utf8')).toBe('b')
  })
})

test('readZipDirectory refuses a directory that lists fewer entries than announced', async () => {
  const folder = temporaryFolder()
  const archive = makeZip([{ name: 'a', content: Buffer.from('x') }])
  archive.writeUInt16LE(2, archive.length - 12)
  writeFileSync(join(folder, 'z'), archive)
  await expect(readZipDirectory(join(folder, 'z'))).rejects.toThrow(/1 of 2 entries/)
})
