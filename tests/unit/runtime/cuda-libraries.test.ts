import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { missingCudaLibraries } from '#main/runtime/cuda-libraries'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const OF_CUDA_12 = [
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcudart.so.12',
  'libcudnn.so.9',
  'libcufft.so.11',
  'libcusolver.so.11',
  'libcusparse.so.12',
]

/** The folder of a pack with these libraries, which need nothing. */
function packWith(libraries: readonly string[]): string {
  const folder = temporaryFolder()
  for (const library of libraries) {
    const path = join(folder, 'deps', 'nvidia', 'some', 'lib', library)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
  }
  return folder
}

const missing = (name: 'cpu' | 'cuda12' | 'official', folder: string, system: string[] = []) =>
  missingCudaLibraries(
    { name, folder },
    { platform: 'linux', env: {}, ofSystem: () => Promise.resolve(system) },
  )

test('a whole pack lacks nothing but the driver, which the system brings', async () => {
  const folder = packWith(OF_CUDA_12)
  expect(await missing('cuda12', folder)).toEqual(['libcuda.so.1'])
  expect(await missing('cuda12', folder, ['libcuda.so.1'])).toEqual([])
})

test('a library that neither pack nor system has is named', async () => {
  const folder = packWith(OF_CUDA_12.filter((library) => library !== 'libcudnn.so.9'))
  expect(await missing('cuda12', folder, ['libcuda.so.1'])).toEqual(['libcudnn.so.9'])
})

test('a pack without CUDA of its own takes it from the system', async () => {
  const absent = await missing('official', packWith([]), ['libcuda.so.1', 'libcudart.so.11.0'])
  expect(absent).toContain('libcudnn.so.8')
  expect(absent).not.toContain('libcudart.so.11.0')
})

test('a pack for the processor asks for none', async () => {
  expect(await missing('cpu', packWith([]))).toEqual([])
})
