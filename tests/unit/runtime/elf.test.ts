import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { neededLibraries, runPaths } from '#main/runtime/elf'
import { makeElf } from '../../support/archives.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function runPathsOf(content: Buffer): Promise<string[]> {
  const path = join(temporaryFolder(), 'library.so')
  writeFileSync(path, content)
  return runPaths(path)
}

test('reads the folders of a run path', async () => {
  expect(await runPathsOf(makeElf('$ORIGIN/../nvidia/cublas/lib:/opt/lib'))).toEqual([
    '$ORIGIN/../nvidia/cublas/lib',
    '/opt/lib',
  ])
})

test('reads a run path as long as that of the GPU wheel', async () => {
  const paths = Array.from({ length: 500 }, (_, index) => `$ORIGIN/../../nvidia/library${index}/lib`)
  expect(await runPathsOf(makeElf(paths.join(':')))).toEqual(paths)
})

test('reads the libraries that one asks for, apart from its run path', async () => {
  const path = join(temporaryFolder(), 'library.so')
  writeFileSync(path, makeElf('libcudnn.so.9', 1))
  expect(await neededLibraries(path)).toEqual(['libcudnn.so.9'])
  expect(await runPaths(path)).toEqual([])
})

test('finds none in other files', async () => {
  expect(await runPathsOf(Buffer.from('no library'))).toEqual([])
  expect(await runPathsOf(makeElf('x').subarray(0, 100))).toEqual([])
})
