import { join } from 'node:path'
import { spawnNodeEngine } from '#main/engine-host/spawn-node-engine'

/** How the fake engine behaves: see `fake-engine.ts`. */
export interface FakeEngine {
  mode?: 'normal' | 'fail' | 'crash' | 'hang' | 'garbage' | 'malformed' | 'noisy'
  epochMs?: number
}

export const fakeEngineProgram = join(import.meta.dirname, 'fake-engine.ts')

/** Spawns the fake engine as a real process; Node runs its TypeScript as it stands. */
export function spawnFakeEngine(folder: string, { mode = 'normal', epochMs = 1 }: FakeEngine = {}) {
  return spawnNodeEngine({
    program: fakeEngineProgram,
    runtime: () => ({
      packFolder: folder,
      environment: { FAKE_MODE: mode, FAKE_EPOCH_MS: String(epochMs), NODE_NO_WARNINGS: '1' },
    }),
    logFile: join(folder, 'logs', 'engine.log'),
  })
}
