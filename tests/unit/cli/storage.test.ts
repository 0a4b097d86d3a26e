import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWorkshop, type Workshop } from '../../support/application.ts'
import { dplstudioIn } from '../../support/command-line.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

test('tells what is on disk, and empties what can be made again', async () => {
  mkdirSync(join(workshop.data, 'thumbnails'), { recursive: true })
  writeFileSync(join(workshop.data, 'thumbnails', 'a.webp'), Buffer.alloc(2_000))
  const { stdout } = await dplstudioIn(workshop, ['storage'])
  expect(stdout).toMatch(/thumbnails\s+2\.0 kB\s+1\s/)
  const cleared = await dplstudioIn(workshop, ['storage', 'clear', 'thumbnails', '--json'])
  expect(JSON.parse(cleared.stdout)).toEqual({ part: 'thumbnails', freedBytes: 2_000 })
  expect(existsSync(join(workshop.data, 'thumbnails', 'a.webp'))).toBe(false)
})

test('work is not emptied, and an unknown part names the known ones', async () => {
  const runs = await dplstudioIn(workshop, ['storage', 'clear', 'runs'])
  expect(runs.code).toBe(2)
  expect(runs.stderr).toContain('cannot be made again')
  const unknown = await dplstudioIn(workshop, ['storage', 'clear', 'everything'])
  expect(unknown.stderr).toContain('thumbnails')
})

test('a data folder that was moved as a whole works where it is now', async () => {
  const pictures = await workshop.pictures(8)
  const ran = await dplstudioIn(workshop, ['zeroshot', pictures, '--model', workshop.model, '--json'])
  expect(ran.stderr).toBe(ran.code === 0 ? ran.stderr : '')
  const moved = join(workshop.folder, 'moved')
  renameSync(workshop.data, moved)
  const list = await dplstudioIn(workshop, ['runs', '--json', '--data-dir', moved])
  const [run] = JSON.parse(list.stdout) as { id: string; folder: string }[]
  expect(run?.folder.startsWith(moved)).toBe(true)
  const shown = await dplstudioIn(workshop, ['runs', 'show', run!.id, '--data-dir', moved])
  expect(shown.code).toBe(0)
})
