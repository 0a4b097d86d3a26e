/** A program with an engine at work, to be killed: prints the engine's process id. */
import { createEngineHost } from '#main/engine-host/engine-host'
import { spawnFakeEngine } from './engines.ts'

const folder = process.argv[2]!
const host = createEngineHost({
  spawn: spawnFakeEngine(folder, { mode: 'hang' }),
  onProcess: (pid) => process.stdout.write(`${String(pid)}\n`),
})
void host.run({ kind: 'describe', id: 'a' })
