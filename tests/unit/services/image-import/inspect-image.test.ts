import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashOfFile, inspectImage } from '#main/services/image-import/inspect-image'
import { picture, temporaryFolder } from '../../../support/pictures.ts'

test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
  'a %s that was cut or changed anywhere is inspected or rejected with a reason, never more',
  async (format) => {
    const folder = temporaryFolder()
    const whole = await picture(1).toFormat(format).toBuffer()
    const damage = fc.record({
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
      flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(damage, async ({ keep, flips }) => {
        const bytes = Buffer.from(whole)
        for (const [at, mask] of flips) bytes[at]! ^= mask
        writeFileSync(join(folder, 'image'), bytes.subarray(0, Math.ceil(keep * bytes.length)))
        const inspection = await inspectImage(folder, 'image')
        if ('rejection' in inspection) expect(inspection.rejection.reason).toMatch(/^[^\n]{3,200}$/)
        else expect(inspection.image.hash).toBe(await hashOfFile(folder, 'image'))
      }),
      { numRuns: 60 },
    )
  },
)

test.each(['jpeg', 'png', 'webp', 'gif'] as const)('half a %s is corrupt', async (format) => {
  const folder = temporaryFolder()
  const whole = await picture(1, { width: 200, height: 200 }).toFormat(format).toBuffer()
  writeFileSync(join(folder, 'image'), whole.subarray(0, whole.length / 2))
  expect(await inspectImage(folder, 'image')).toMatchObject({ rejection: { kind: 'corrupt' } })
})
