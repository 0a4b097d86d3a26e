/**
 * Takes steps with DPL Studio's engine when asked to. Reads one JSON request a line from stdin, writes one JSON
 * reply a line to stdout, and ends when stdin does. It starts no other process.
 */
import { createInterface } from 'node:readline'
import { loadTensorFlow } from '#main/runtime/binding'
import { createSteps, type StepTaker } from './engine-steps.ts'
import { currentMemory, forgetPeak } from './memory.ts'
import { watchOperations } from './operations.ts'
import { fingerprint } from './seeded-numbers.ts'
import type { Answers, Built, Check, Profile, Request, Steps } from './worker-protocol.ts'
import type { Setting } from './cases.ts'

const tensorFlow = loadTensorFlow(process.env['DPLSTUDIO_RUNTIME'] ?? '')
let taker: StepTaker | undefined

async function answer(request: Request): Promise<Answers[keyof Answers]> {
  if (request.ask === 'build') return build(request.setting)
  if (request.ask === 'forget-peak') return forget()
  if (request.ask === 'memory') return currentMemory()
  if (taker === undefined) throw new Error('Nothing has been built yet')
  if (request.ask === 'check') return check(taker)
  if (request.ask === 'profile') return profile(taker)
  return takeSteps(taker, request.count)
}

function build(setting: Setting): Built {
  const start = performance.now()
  taker = createSteps(setting)
  globalThis.gc?.()
  const backend = tensorFlow.backend() as unknown as {
    binding: { TF_Version: string }
    isUsingGpuDevice: boolean
  }
  return {
    library: 'TensorFlow',
    version: backend.binding.TF_Version,
    threads: process.env['TF_NUM_INTRAOP_THREADS'] ?? "TensorFlow's default, one a core",
    seconds: (performance.now() - start) / 1000,
  }
}

async function check(steps: StepTaker): Promise<Check> {
  const { result: losses, operations } = await watchOperations(() => steps.take())
  const velocities = Object.entries(steps.velocities()).map(([name, numbers]) => [
    name,
    fingerprint(name, numbers),
  ])
  return {
    losses,
    velocities: Object.fromEntries(velocities) as Check['velocities'],
    operations: operations.reduce((sum, { count }) => sum + count, 0),
  }
}

async function takeSteps(steps: StepTaker, count: number): Promise<Steps> {
  const seconds: number[] = []
  let losses: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    losses = await steps.take()
    seconds.push((performance.now() - start) / 1000)
  }
  return { seconds, losses }
}

async function profile(steps: StepTaker): Promise<Profile> {
  return (await watchOperations(() => steps.take())).operations
}

function forget(): null {
  globalThis.gc?.()
  forgetPeak()
  return null
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line) as Request).then(
    (value) => ({ answer: value }),
    (thrown: unknown) => ({ failure: thrown instanceof Error ? thrown.message : String(thrown) }),
  )
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}
