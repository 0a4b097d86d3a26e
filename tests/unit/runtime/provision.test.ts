import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from '#main/data-folder'
import { findPack } from '#main/runtime/packs'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const entry = join(import.meta.dirname, '..', '..', '..', 'src', 'main', 'runtime', 'provision.ts')

function provision(env: NodeJS.ProcessEnv): Promise<{ failed: boolean; stdout: string; stderr: string }> {
  const inherited = { ...process.env, DPLSTUDIO_RUNTIME: '', DPLSTUDIO_PACK: '', NODE_OPTIONS: '' }
  return new Promise((resolve) => {
    execFile(process.execPath, [entry], { env: { ...inherited, ...env } }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr }),
    )
  })
}

test('prints the folder of the pack that is installed', async () => {
  const { folder } = findPack(dataFolder())
  expect(await provision({ DPLSTUDIO_RUNTIME: folder })).toMatchObject({
    failed: false,
    stdout: `${folder}\n`,
  })
})

test('refuses a pack that it does not know', async () => {
  const { failed, stderr } = await provision({ DPLSTUDIO_PACK: 'cuda99', DPLSTUDIO_DATA: temporaryFolder() })
  expect(failed).toBe(true)
  expect(stderr).toMatch(/cuda99, which is no runtime pack[^]*cpu, cuda12, official/)
})

test('does not repair a folder that the user has chosen', async () => {
  const { failed, stderr } = await provision({ DPLSTUDIO_RUNTIME: temporaryFolder() })
  expect(failed).toBe(true)
  expect(stderr).toContain('No runtime pack in')
})

test('without pip tries what needs none, and in the end names the first remedy', async () => {
  const { failed, stdout, stderr } = await provision({
    PATH: temporaryFolder(),
    DPLSTUDIO_DATA: temporaryFolder(),
    TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/',
  })
  expect({ failed, stdout }).toEqual({ failed: true, stdout: '' })
  expect(stderr).toMatch(
    /there is no pip[^]*'official' instead[^]*there is no pip[^]*Install Python with pip/,
  )
})
