import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWorkshop, type Workshop } from '../../support/application.ts'
import { dplstudioIn } from '../../support/command-line.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

const dplstudio = (...words: string[]) => dplstudioIn(workshop, words)

test('registered weights are renamed and removed; what is not there is named', async () => {
  await dplstudio('model', 'import', workshop.model)
  const renamed = await dplstudio('model', 'rename', 'clip', 'My CLIP', '--json')
  expect(JSON.parse(renamed.stdout)).toMatchObject({ id: 'clip', name: 'My CLIP' })
  expect((await dplstudio('model', 'remove', 'My CLIP')).stdout).toContain(
    `The files stay: ${workshop.model}`,
  )
  expect((await dplstudio('model', 'remove', 'clip')).stderr).toContain('There is no model clip')
})

test('published weights are listed with size, host and licence', async () => {
  const { stdout } = await dplstudio('model', 'download')
  expect(stdout).toMatch(/openai-vit-b-16 .*350\.8 MB .*MIT/)
  expect((await dplstudio('model', 'download', 'nothing')).stderr).toContain('no known weights nothing')
})

test('a problem report is a text', async () => {
  const { code, stdout } = await dplstudio('report')
  expect(code).toBe(0)
  expect(stdout).toContain('# Problem report of DPL Studio')
})
