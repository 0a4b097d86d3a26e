import { spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installPack } from '#main/runtime/install'
import { packFolder, runtimeFolder, verifyPack } from '#main/runtime/packs'
import type { PackSource } from '#main/runtime/sources'
import { makeZip } from '../../support/archives.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const file = 'library.whl'
const source: PackSource = {
  tensorflow: '2.21.0',
  archives: [
    {
      file,
      bytes: 1,
      sha256: null,
      origin: { pip: 'x' },
      take: () => 'deps/lib/libtensorflow_cc.so.2',
      entries: 1,
    },
  ],
  installedBytes: 1000,
  binding: 'prebuilt',
  links: {},
}

/** Installs with a compiler that never ends, and says when it has got that far. */
const endlessInstallation = `
  import { installPack } from '#main/runtime/install'
  const [dataFolder, from] = process.argv.slice(1)
  const source = {
    tensorflow: '2.21.0', installedBytes: 1000, binding: 'compile', links: {},
    archives: [{ file: '${file}', bytes: 1, sha256: null, origin: { pip: 'x' }, entries: 1,
                 take: () => 'deps/lib/libtensorflow_cc.so.2' }],
  }
  const compile = () => { console.log('compiling'); return new Promise(() => setInterval(() => {}, 1000)) }
  await installPack({ pack: 'cpu', dataFolder, from }, { source, compile })
`

test('an installation killed half-way leaves no pack and no lock', async () => {
  const [dataFolder, from] = [temporaryFolder(), temporaryFolder()]
  writeFileSync(join(from, file), makeZip([{ name: 'a', content: Buffer.from('library') }]))
  const args = ['--input-type=module', '--eval', endlessInstallation, dataFolder, from]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  expect(readdirSync(runtimeFolder(dataFolder)).some((name) => name.startsWith('.installing-cpu'))).toBe(true)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
  expect(existsSync(packFolder(dataFolder, 'cpu'))).toBe(false)

  const compile = () => Promise.resolve()
  const prebuilt = {
    ...source,
    archives: [{ ...source.archives[0]!, take: () => 'lib/napi-v8/tfjs_binding.node' }],
  }
  const installed = await installPack({ pack: 'cpu', dataFolder, from }, { source: prebuilt, compile })
  expect(await verifyPack(installed)).toEqual([])
  expect(readdirSync(runtimeFolder(dataFolder))).toHaveLength(1)
})
