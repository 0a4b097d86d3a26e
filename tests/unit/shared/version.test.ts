import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PROGRAM_VERSION } from '#shared/version'

test('the version in files is that of the package', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8')
  expect(JSON.parse(text)).toMatchObject({ version: PROGRAM_VERSION })
})
