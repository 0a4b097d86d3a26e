import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Api } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Run } from '#shared/schemas/run-record'
import type { Task, TaskKind, TaskOutcome } from '#shared/schemas/task'
import { compose, type Application, type Composition } from '#main/compose'
import { resource } from '#main/resources'
import { spawnFakeEngine, type FakeEngine } from './engines.ts'

/** A folder for one test, with pictures, a CLIP for the fake engine, and applications over one data folder. */
export function createWorkshop() {
  const folder = mkdtempSync(join(tmpdir(), 'workshop-'))
  const applications: Application[] = []
  const model = join(folder, 'clip')
  mkdirSync(model)
  writeFileSync(join(model, 'weights'), 'weights')

  return {
    folder,
    data: join(folder, 'data'),
    /** a folder that the fake engine takes for a CLIP */
    model,
    start(engine: FakeEngine = {}, changes: Partial<Composition> = {}): { app: Application; api: Api } {
      const app = compose({
        version: '0',
        dataFolder: join(folder, 'data'),
        starterPath: model,
        samplePath: resource('sample'),
        spawnEngine: spawnFakeEngine(folder, engine),
        access: 'write',
        purpose: 'a test',
        graceMs: 3_000,
        ...changes,
      })
      applications.push(app)
      return { app, api: app.connect() }
    },
    /** Class folders with pictures that are all different. Returns the folder. */
    async pictures(perClass = 10, classes = ['cat', 'dog']): Promise<string> {
      const root = join(folder, 'pictures')
      for (const [label, name] of classes.entries()) {
        mkdirSync(join(root, name), { recursive: true })
        for (let number = 0; number < perClass; number++)
          await writePicture(join(root, name, `${number}.png`), label * 1000 + number)
      }
      return root
    },
    async end(): Promise<void> {
      for (const app of applications) await app.dispose().catch(() => undefined)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Workshop = ReturnType<typeof createWorkshop>

/** A picture of noise, another one for every seed. */
export async function writePicture(path: string, seed: number): Promise<void> {
  let state = seed * 2_654_435_761 + 1
  const pixels = Buffer.from(
    Array.from({ length: 32 * 32 * 3 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    }),
  )
  await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
    .png()
    .toFile(path)
}

/** Waits for the end of a task. Rejects with its error. */
export async function outcomeOf<Kind extends TaskKind>(
  api: Api,
  started: Promise<Task>,
  kind: Kind,
): Promise<Extract<TaskOutcome, { kind: Kind }>> {
  const { id } = await started
  for (;;) {
    const { status, outcome, error } = await api.request('tasks/get', { id })
    if (error !== null) throw AppError.fromJSON(error)
    if (status === 'finished' && outcome?.kind === kind)
      return outcome as Extract<TaskOutcome, { kind: Kind }>
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits until a run is neither queued nor running. */
export async function endOf(api: Api, id: string): Promise<Run> {
  for (;;) {
    const run = await api.request('runs/get', { id })
    if (run.status !== 'queued' && run.status !== 'running') return run
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
