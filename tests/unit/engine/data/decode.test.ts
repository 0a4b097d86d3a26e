import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeImage } from '#main/engine/data/decode'
import { AppError } from '#shared/errors'

const pictures = join(import.meta.dirname, '../../../fixtures/pictures')
const folder = mkdtempSync(join(tmpdir(), 'dpl-decode-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('decodeImage', () => {
  test.each(['truncated.jpg', 'truncated.png'])('refuses %s', async (name) => {
    await expect(decodeImage(join(pictures, name))).rejects.toMatchObject({ code: 'bad-file' })
  })

  test.each([
    ['a text', 'no picture at all', /cannot be decoded/],
    ['nothing', '', /cannot be decoded/],
    [
      'a drawing',
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      /kind that cannot be used: svg/,
    ],
  ])('refuses %s', async (name, content, message) => {
    await expect(decodeImage(file(name, content))).rejects.toThrow(message)
  })

  test('refuses more pixels than any photograph has, before decoding them', async () => {
    const bomb = Buffer.from(readFileSync(join(pictures, 'small.png')))
    bomb.writeUInt32BE(20_000, 16)
    bomb.writeUInt32BE(20_000, 20)
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29)
    await expect(decodeImage(file('bomb.png', bomb))).rejects.toThrow(/more than 100000000 pixels/)
  })

  test('says what to do when the picture is gone', async () => {
    await expect(decodeImage(join(folder, 'gone.jpg'))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('takes any name literally', async () => {
    const content = readFileSync(join(pictures, 'small.png'))
    for (const name of ['a[page=1,dpi=9].png', 'line\nbreak.png', '🐈 %s {}.png', '-rf.png']) {
      expect(await decodeImage(file(name, content))).toMatchObject({ width: 9, height: 7 })
    }
  })

  test('never fails otherwise than with AppError, whatever bits are flipped', async () => {
    const contents = ['rgb-420.jpg', 'rgb.png', 'lossy.webp', 'rgb.gif'].map((name) =>
      readFileSync(join(pictures, name)),
    )
    const flips = fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.nat(contents.length - 1), flips, async (which, places) => {
        const broken = Buffer.from(contents[which]!)
        for (const [at, value] of places) broken[at % broken.length] = value
        const outcome: unknown = await decodeImage(file('broken', broken)).catch((thrown: unknown) => thrown)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AppError)
        else expect(outcome).toMatchObject({ width: expect.any(Number) as number })
      }),
      { numRuns: 60 },
    )
  })
})
