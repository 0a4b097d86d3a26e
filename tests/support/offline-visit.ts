/**
 * A program of its own, so that it can be put into a network of its own: starts the built `dplstudio serve`, does with
 * it what a page does, and tells on stdout what came of it and whether anything wanted to reach another machine.
 * Arguments: data folder, folder of pictures.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { presets } from '#shared/presets'
import { endOf, outcomeOf } from './application.ts'
import { enter } from './browser-client.ts'

const [data = '', pictures = ''] = process.argv.slice(2)
const attempts = join(data, 'attempts')

const before = unroutable()
const server = spawn(
  process.execPath,
  [join(import.meta.dirname, '../../out/main/cli.js'), 'serve', '--json', '--port', '0', '--data-dir', data],
  {
    env: {
      ...process.env,
      NETWORK_ATTEMPTS: attempts,
      NODE_OPTIONS: `--disable-warning=MODULE_TYPELESS_PACKAGE_JSON --import=${pathToFileURL(join(import.meta.dirname, 'no-network.ts')).href}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
process.on('exit', () => server.kill('SIGKILL'))
const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
const client = await enter((JSON.parse(line) as { url: string }).url)
const outcome = await visit()
server.kill('SIGINT')
const [exitCode] = (await once(server, 'exit')) as [number | null]
const unroutableAfter = unroutable()

process.stdout.write(
  `${JSON.stringify({
    ...outcome,
    exitCode,
    attempts: existsSync(attempts) ? readFileSync(attempts, 'utf8') : '',
    packetsForOthers: unroutableAfter - before,
    noticed: await isNoticed(),
  })}\n`,
)

async function visit() {
  const page = await client.get('/')
  const api = await client.api()
  const { dataset } = await outcomeOf(
    api,
    api.request('datasets/import', { path: pictures }),
    'dataset-import',
  )
  const { model } = await outcomeOf(api, api.request('models/import-starter', {}), 'model-import')
  const [image] = await api.request('datasets/images', { id: dataset.id, limit: 1 })
  const thumbnail = await client.get(`/assets/datasets/${dataset.id}/${image!.path}?size=160`)
  const config = presets.quick
  const { id } = await api.request('runs/start', {
    kind: 'zero-shot',
    datasetId: dataset.id,
    modelId: model.id,
    config,
  })
  const { status, error } = await endOf(api, id)
  const { zeroShot } = await api.request('runs/result', { id })
  return {
    page: page.status,
    thumbnail: thumbnail.headers.get('content-type'),
    status,
    error,
    accuracy: zeroShot?.accuracy,
  }
}

/** Packets that the kernel could send nowhere: in a network with nothing but this machine, all that were for others. */
function unroutable(): number {
  const path = '/proc/net/snmp'
  if (!existsSync(path)) return 0
  const [names, values] = readFileSync(path, 'utf8')
    .split('\n')
    .filter((each) => each.startsWith('Ip:'))
    .map((each) => each.split(' '))
  return Number(values?.[names?.indexOf('OutNoRoutes') ?? -1] ?? 0)
}

/** Whether an attempt would have been counted. Only to be asked where there is no network. */
async function isNoticed(): Promise<boolean> {
  if (process.env['OWN_NETWORK'] === undefined) return false
  const socket = connect(9, '192.0.2.1')
  await once(socket, 'connect').catch(() => socket.destroy())
  return unroutable() > unroutableAfter
}
