import { describe, expect, test, vi } from 'vitest'
import type { EngineStatus } from '#shared/schemas/machine'
import type { EngineState } from '#main/engine-host/engine-host'
import { createEngineStatus } from '#main/services/engine-status'

function create(first: EngineState = { pid: null, job: null, starting: false }) {
  let state = first
  let deviceName: string | null = null
  const told: EngineStatus[] = []
  const status = createEngineStatus({
    engine: { state: () => state, deviceName: () => deviceName },
    emit: (_, payload) => told.push(payload as EngineStatus),
  })
  return {
    status,
    told,
    become: (next: Partial<EngineState>, device = deviceName): void => {
      state = { ...state, ...next }
      deviceName = device
      status.changed()
    },
  }
}

const run = { kind: 'run', id: 'run-1', folder: '/runs/run-1' } as const

describe('the state of the engine', () => {
  test('goes from off over starting and busy to idle, each told once', () => {
    const { told, become, status } = create()
    become({})
    become({ pid: process.pid, job: run, starting: true })
    become({ starting: false })
    become({ starting: false })
    become({ job: null })
    become({ pid: null })
    status.dispose()
    expect(told.map(({ state }) => state)).toEqual(['off', 'starting', 'busy', 'idle', 'off'])
    expect(told[2]?.job).toEqual({ kind: 'run', runId: 'run-1' })
  })

  test('memory is that of the process, and gone with it', () => {
    const { told, become, status } = create()
    become({ pid: process.pid })
    become({ pid: null })
    status.dispose()
    if (process.platform === 'linux') expect(told[0]?.memoryBytes).toBeGreaterThan(10e6)
    expect(told[1]?.memoryBytes).toBeNull()
  })

  test('memory is looked at again while there is a process, and never after', () => {
    vi.useFakeTimers()
    const { become, status } = create()
    become({ pid: process.pid })
    expect(vi.getTimerCount()).toBe(1)
    become({ pid: null })
    expect(vi.getTimerCount()).toBe(0)
    status.dispose()
    vi.useRealTimers()
  })

  test('an engine that has done a job and named no card computes on the processor', () => {
    const { become, status } = create()
    become({ pid: process.pid, job: run, starting: true })
    become({ starting: false })
    expect(status.get().usingGpu).toBeNull()
    become({ job: null })
    expect(status.get().usingGpu).toBe(false)
    become({ pid: null })
    expect(status.get().usingGpu).toBe(false)
    status.dispose()
  })

  test('whether a card computes is unknown until the log names one or the engine has said so', () => {
    const { status, become } = create()
    expect(status.get().usingGpu).toBeNull()
    become({}, 'NVIDIA H100')
    expect(status.get().usingGpu).toBe(true)
    status.described({ usingGpu: false })
    expect(status.get().usingGpu).toBe(false)
  })
})
