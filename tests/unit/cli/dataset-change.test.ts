import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWorkshop, type Workshop } from '../../support/application.ts'
import { dplstudioIn } from '../../support/command-line.ts'

let workshop: Workshop
let pictures: string
beforeEach(async () => {
  workshop = createWorkshop()
  pictures = await workshop.pictures(10, ['cat', 'dog', 'eel'])
  await dplstudio('dataset', 'import', pictures)
})
afterEach(() => workshop.end())

const dplstudio = (...words: string[]) => dplstudioIn(workshop, words)
const json = async (...words: string[]) =>
  JSON.parse((await dplstudio(...words, '--json')).stdout) as Record<string, unknown>

test('edits are made, taken back and made again, and shown', async () => {
  const exclude = '{"kind":"exclude-images","paths":["cat/0.png"]}'
  const rename = '{"kind":"rename-class","label":1,"name":"hound"}'
  expect((await dplstudio('dataset', 'edit', 'pictures', exclude, rename)).code).toBe(0)
  const { stdout } = await dplstudio('dataset', 'show', 'pictures')
  expect(stdout).toContain('hound')
  expect(stdout).toMatch(/left out +1 image/)
  expect((await dplstudio('dataset', 'undo', 'pictures')).stdout).toBe(
    'Took back: rename class dog to hound\nUndo would take back: exclude 1 image\nRedo would do again: rename class dog to hound\n',
  )
  expect((await dplstudio('dataset', 'redo', 'pictures')).stdout).toContain('Done again: rename class dog')
  for (const wrong of ['{"kind":"explode"}', 'rename'])
    expect(await dplstudio('dataset', 'edit', 'pictures', wrong)).toMatchObject({ code: 2 })
})

test('a few-shot draw is listed as the page gets it', async () => {
  const listed = await json('dataset', 'few-shot', 'pictures', '--shots', '2', '--seed', '5')
  const { api } = workshop.start()
  const draw = { seed: 5, shots: 2, validationShots: 4 }
  const expected = await api.request('datasets/few-shot', { id: 'pictures', ...draw })
  expect(listed).toMatchObject({ dataset: 'pictures', ...draw, ...expected })
  expect(expected.train).toHaveLength(6)
})

test('moved pictures are found; what is missing is told and is an exit status', async () => {
  const copy = join(workshop.folder, 'copy')
  cpSync(pictures, copy, { recursive: true })
  rmSync(pictures, { recursive: true })
  expect((await dplstudio('dataset', 'show', 'pictures', '--check')).code).toBe(1)
  expect(await dplstudio('dataset', 'relink', 'pictures', copy)).toMatchObject({
    code: 0,
    stdout: `Found 30 images below ${copy}\n`,
  })
  expect((await dplstudio('dataset', 'show', 'pictures', '--check')).code).toBe(0)
  rmSync(join(copy, 'cat', '1.png'))
  const again = await dplstudio('dataset', 'relink', 'pictures', copy)
  expect(again).toMatchObject({ code: 1 })
  expect(again.stdout).toContain('missing  cat/1.png')
})

test('wordings are compared, the present one first', async () => {
  const words = ['dataset', 'wording', 'pictures', '--model', workshop.model]
  const { stdout } = await dplstudio(...words, '--template', 'a drawing of a {}.')
  expect(stdout).toContain('1: a photo of a {}. (present)\n2: a drawing of a {}.')
  expect(stdout).toContain('50.0 %')
  expect((await dplstudio(...words, '--template', 'nothing')).code).toBe(2)
})

test('runs begin with the template of their dataset', async () => {
  await dplstudio('dataset', 'edit', 'pictures', '{"kind":"set-template","template":"a sketch of a {}."}')
  const dryRun = ['run', 'pictures', '--model', workshop.model, '--shots', '2', '--dry-run']
  expect(await json(...dryRun)).toMatchObject({ config: { template: 'a sketch of a {}.' } })
  expect(await json(...dryRun, '--template', 'the {}')).toMatchObject({ config: { template: 'the {}' } })
})
