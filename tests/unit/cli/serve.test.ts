import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { presets } from '#shared/presets'
import { createWorkshop, outcomeOf, type Workshop } from '../../support/application.ts'
import { enter, type Client } from '../../support/browser-client.ts'
import { dplstudioIn } from '../../support/command-line.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

/** Serves while `visit` lasts, then presses Ctrl+C. */
async function serving(words: string[], visit: (client: Client) => Promise<void>) {
  let visited = Promise.resolve()
  const ended = await dplstudioIn(workshop, ['serve', '--json', '--port', '0', ...words], {
    engine: { epochMs: 50 },
    onStdout: (text, press) => {
      const { url } = JSON.parse(text) as { url: string }
      visited = enter(url).then(visit).finally(press)
    },
  })
  await visited
  return ended
}

test('serves the whole application: a page imports, shows pictures, runs, and Ctrl+C pauses', async () => {
  const pictures = await workshop.pictures(8)
  let runId = ''
  const { code, stdout, stderr } = await serving([], async (client) => {
    const api = await client.api()
    const { dataset } = await outcomeOf(
      api,
      api.request('datasets/import', { path: pictures }),
      'dataset-import',
    )
    const { model } = await outcomeOf(
      api,
      api.request('models/import', { path: workshop.model }),
      'model-import',
    )

    const file = `/assets/datasets/${dataset.id}/cat/3.png`
    const original = Buffer.from(await (await client.get(file)).arrayBuffer())
    expect(original.equals(readFileSync(join(pictures, 'cat/3.png')))).toBe(true)
    expect((await client.get(`${file}?size=96`)).headers.get('content-type')).toBe('image/webp')
    expect((await fetch(client.origin + file)).status).toBe(401)

    // A second page hears of what the first one does, and the first may go.
    const other = await client.api()
    const epoch = new Promise((resolve) => other.on('run/epoch', resolve))
    const config = { ...presets.quick, shots: 2 }
    const request = { kind: 'search-and-train', datasetId: dataset.id, modelId: model.id, config } as const
    runId = (await api.request('runs/start', request)).id
    await epoch
    expect((await client.get(`/assets/runs/${runId}/train/0`)).status).toBe(200)
    expect((await client.get(`/assets/runs/${runId}/train/9999`)).status).toBe(404)
    expect((await client.get('/assets/runs/none/train/0')).status).toBe(404)
    expect((await client.get('/assets/predictions/none/0')).status).toBe(404)
    expect((await client.get('/assets/datasets/none/cat/1.png')).status).toBe(404)
  })
  expect(code, stderr).toBe(130)
  expect(stdout.trim().split('\n')).toHaveLength(1)
  expect(stderr).toContain(`Pausing ${runId}`)
  expect(await workshop.start({}, { access: 'read' }).api.request('runs/get', { id: runId })).toMatchObject({
    status: 'paused',
  })
})

test('files come in by upload, and can be imported from there', async () => {
  const pictures = await workshop.pictures(4)
  const { code } = await serving([], async (client) => {
    const api = await client.api()
    expect((await api.request('app/info', {})).capabilities).toEqual({
      chooser: 'browse',
      reveal: false,
      upload: true,
    })
    const { id, folder } = await api.request('uploads/begin', {})
    for (const name of ['cat', 'dog'])
      for (const number of [0, 1, 2, 3]) {
        const path = `${name}/${number}.png`
        const answer = await client.put(`/uploads/${id}/pets/${path}`, readFileSync(join(pictures, path)))
        expect(answer.status).toBe(204)
      }
    const path = join(folder, 'pets')
    const { dataset } = await outcomeOf(api, api.request('datasets/import', { path }), 'dataset-import')
    expect(dataset.classes.map((each) => each.name)).toEqual(['cat', 'dog'])
  })
  expect(code).toBe(0)
})

test.each([
  [['--port', '70000'], 'no port'],
  [['--host', '0.0.0.0'], 'other machines'],
  [['--root', '/nowhere/at/all'], '/nowhere/at/all'],
])('refuses %j before it serves anything', async (words, reason) => {
  const { code, stdout, stderr } = await dplstudioIn(workshop, ['serve', ...words])
  expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' })
  expect(stderr).toContain(reason)
  // Nobody is kept from the data folder by an attempt.
  expect(existsSync(join(workshop.data, 'owner.lock'))).toBe(false)
})
