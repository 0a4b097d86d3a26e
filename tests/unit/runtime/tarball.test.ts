import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors'
import { unpackTarGz } from '#main/runtime/tarball'
import { makeTarGz } from '../../support/archives.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function unpack(archive: Buffer, folder: string) {
  const path = join(folder, 'archive.tar.gz')
  const out = join(folder, 'out')
  writeFileSync(path, archive)
  rmSync(out, { recursive: true, force: true })
  return unpackTarGz(path, { folder: out, take: (entry) => entry.replaceAll('/', '_') })
}

const content = Buffer.from('a library, more or less '.repeat(100))

describe('unpackTarGz', () => {
  test('gives back every file', async () => {
    const folder = temporaryFolder()
    const inputs = fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
        content: fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
      }),
      { selector: ({ name }) => name, maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(inputs, async (entries) => {
        const files = await unpack(makeTarGz(entries), folder)
        expect(files.map(({ path }) => path)).toEqual(entries.map(({ name }) => name))
        for (const { name, content } of entries)
          expect(readFileSync(join(folder, 'out', name)).equals(content)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test.each(['pax', 'gnu'] as const)('reads long names of style %s', async (longNames) => {
    const name = `${'folder/'.repeat(30)}library.so`
    const files = await unpack(
      makeTarGz(
        [
          { name, content },
          { name: 'next', content },
        ],
        { longNames },
      ),
      temporaryFolder(),
    )
    expect(files.map(({ path }) => path)).toEqual([name.replaceAll('/', '_'), 'next'])
  })

  test('passes over links and folders, so that none can lead elsewhere', async () => {
    const folder = temporaryFolder()
    const archive = makeTarGz([
      { name: 'lib', type: '2', linkTarget: '/etc' },
      { name: 'folder/', type: '5' },
      { name: './lib/file', content },
    ])
    await unpack(archive, folder)
    expect(readdirSync(join(folder, 'out'))).toEqual(['lib_file'])
  })

  test.each(['../evil', '/evil', 'a/../../evil'])('refuses an entry called %s', async (name) => {
    const folder = temporaryFolder()
    await expect(unpack(makeTarGz([{ name, content }]), folder)).rejects.toThrow(/unsafe name/)
    expect(existsSync(join(folder, 'evil'))).toBe(false)
  })

  test('refuses an archive cut short at any place', async () => {
    const folder = temporaryFolder()
    const archive = makeTarGz([{ name: 'a', content }])
    for (let length = 0; length < archive.length; length++)
      await expect(unpack(archive.subarray(0, length), folder)).rejects.toMatchObject({ code: 'bad-file' })
  })

  test('refuses an inner archive that ends within a file', async () => {
    const inner = gunzipSync(makeTarGz([{ name: 'a', content }]))
    await expect(unpack(gzipSync(inner.subarray(0, 1000)), temporaryFolder())).rejects.toThrow(/cut short/)
  })

  test('never gives wrong content for an archive with a flipped bit', async () => {
    const folder = temporaryFolder()
    const whole = makeTarGz([{ name: 'a', content }])
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const archive = Buffer.from(whole)
        archive[bit >> 3]! ^= 1 << (bit & 7)
        try {
          await unpack(archive, folder)
          expect(readFileSync(join(folder, 'out', 'a')).equals(content)).toBe(true)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 200 },
    )
  })
})
