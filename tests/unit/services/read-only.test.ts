import { afterEach, expect, test } from 'vitest'
import { createWorkshop, type Workshop } from '../../support/application.ts'

let workshop: Workshop
afterEach(() => workshop.end())

test('a reader beside an owner sees everything and changes nothing', async () => {
  workshop = createWorkshop()
  const { api: owner } = workshop.start()
  await owner.request('models/list', {})
  const { api: reader } = workshop.start({}, { access: 'read' })
  expect(await reader.request('models/list', {})).toEqual([])
  expect(await reader.request('settings/get', {})).toMatchObject({ onClose: 'ask' })
  for (const [name, input] of [
    ['settings/change', { theme: 'dark' }],
    ['models/import-starter', {}],
    ['runs/hold-queue', { held: true }],
    ['index/rebuild', {}],
  ] as const)
    await expect(reader.request(name, input)).rejects.toMatchObject({ code: 'locked' })
})
