#!/usr/bin/env node
// Makes the packages of this platform in dist/: `npm run package`. With --dir only the folder that would be packed.
//   --electron-dist <folder>  an unpacked Electron instead of the downloaded one
//   --output <folder>         instead of dist/
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Arch, DIR_TARGET, Platform, build } from 'electron-builder'
import { packageConfiguration } from './package/config.mjs'

const root = join(import.meta.dirname, '..')
const platforms = { linux: Platform.LINUX, darwin: Platform.MAC, win32: Platform.WINDOWS }

const { values } = parseArgs({
  options: {
    dir: { type: 'boolean', default: false },
    'electron-dist': { type: 'string' },
    output: { type: 'string', default: join(root, 'dist') },
  },
})
const { platform, arch } = process
const config = packageConfiguration({
  platform,
  arch,
  output: values.output,
  electronDist: values['electron-dist'],
})
const made = await build({
  projectDir: root,
  targets: platforms[platform].createTarget(values.dir ? DIR_TARGET : null, Arch[arch]),
  config,
  publish: 'never',
})
for (const path of made) process.stdout.write(`${path}\n`)
