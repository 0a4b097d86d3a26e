import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { dataFolder } from '#main/data-folder'
import { findPack } from '#main/runtime/packs'
import { copySamplePictures } from '../support/sample-pictures.ts'

const folder = mkdtempSync(join(tmpdir(), 'served-offline-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const IN_OWN_NETWORK = ['-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
/** Containers do not always let a test have a network of its own; the guard inside the processes is always there. */
const canHaveOwnNetwork =
  process.platform === 'linux' && spawnSync('unshare', [...IN_OWN_NETWORK, 'true']).status === 0

function visit(): Promise<{ stdout: string; stderr: string }> {
  const data = join(folder, 'data')
  mkdirSync(data)
  const node = [
    process.execPath,
    '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
    join(import.meta.dirname, '../support/offline-visit.ts'),
    data,
    copySamplePictures(join(folder, 'pictures')),
  ]
  const [program = '', ...args] = canHaveOwnNetwork ? ['unshare', ...IN_OWN_NETWORK, ...node] : node
  const child = spawn(program, args, {
    env: {
      ...process.env,
      NODE_OPTIONS: undefined,
      DPLSTUDIO_RUNTIME: findPack(dataFolder()).folder,
      ...(canHaveOwnNetwork && { OWN_NETWORK: '1' }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text))
  return new Promise((resolve) => child.on('close', () => resolve(said)))
}

test(
  'the served page does its work and asks nothing of any other machine',
  { timeout: 120_000 },
  async () => {
    const { stdout, stderr } = await visit()
    expect(stdout, stderr).not.toBe('')
    expect(JSON.parse(stdout), stderr).toEqual({
      page: 200,
      thumbnail: 'image/webp',
      status: 'finished',
      error: null,
      accuracy: expect.any(Number) as number,
      exitCode: 0,
      attempts: '',
      packetsForOthers: canHaveOwnNetwork ? 0 : (expect.any(Number) as number),
      noticed: canHaveOwnNetwork,
    })
  },
)

test.each([
  ["require('node:net').connect(9, '192.0.2.1')", 'connect 192.0.2.1'],
  ["require('node:net').connect({ port: 9, host: 'example.org' })", 'connect example.org'],
  ["fetch('http://192.0.2.1/')", 'connect 192.0.2.1'],
  ["require('node:https').get('https://example.org/').on('error', () => {})", 'example.org'],
  ["require('node:dns').lookup('example.org', () => {})", 'look-up example.org'],
  ["require('node:dgram').createSocket('udp4').send('x', 9, '192.0.2.1')", 'datagram 192.0.2.1'],
])('the guard would have noticed %s', (code, expected) => {
  const note = join(folder, 'noted')
  rmSync(note, { force: true })
  const guard = pathToFileURL(join(import.meta.dirname, '../support/no-network.ts')).href
  spawnSync(process.execPath, [`--import=${guard}`, '-e', code], {
    env: { ...process.env, NODE_OPTIONS: undefined, NETWORK_ATTEMPTS: note },
    timeout: 20_000,
  })
  expect(readFileSync(note, 'utf8')).toContain(expected)
})
