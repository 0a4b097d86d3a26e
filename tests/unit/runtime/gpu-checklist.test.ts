import { describe, expect, test } from 'vitest'
import type { EngineDescription } from '#shared/schemas/results'
import { firstFailure, gpuChecklist, type GpuFindings } from '#main/runtime/gpu-checklist'

const card = { name: 'NVIDIA H100', memoryBytes: 80e9, freeBytes: 79e9, driver: '550.54.15' }
const found = { cards: [card], onBus: true, driverLoaded: true, complaint: null }
const none = { cards: [], onBus: false, driverLoaded: false, complaint: null }
const withDriver = (driver: string) => ({ ...found, cards: [{ ...card, driver }] })

const description: EngineDescription = {
  backend: 'tensorflow',
  usingGpu: true,
  deviceName: 'NVIDIA H100',
  tensorflowVersion: '2.21.0',
  bindingVersion: '4.22.0',
  selfTest: [{ name: 'multiplication', passed: true, detail: '' }],
}
const described = (changes: Partial<EngineDescription>) =>
  ({ engine: { state: 'described', description: { ...description, ...changes } } }) as const

/** A machine on which all is well, but for what is given. */
const machine = (changes: Partial<GpuFindings> = {}): GpuFindings => ({
  platform: 'linux',
  forcedCpu: false,
  visibleDevices: undefined,
  cards: found,
  pack: 'cuda12',
  missingLibraries: [],
  ...described({}),
  ...changes,
})

const failureOf = (changes: Partial<GpuFindings>) => firstFailure(gpuChecklist(machine(changes)))

describe('gpuChecklist', () => {
  test('finds nothing to say where all is well', () => {
    const checks = gpuChecklist(machine())
    expect(checks).toHaveLength(10)
    expect(checks.every(({ state, remedy }) => state === 'passed' && remedy === null)).toBe(true)
  })

  test.each<[string, Partial<GpuFindings>, string, RegExp, RegExp]>([
    ['the settings', { forcedCpu: true, cards: none }, 'allowed', /ask for the processor/, /settings/],
    ['hidden cards', { visibleDevices: '-1' }, 'allowed', /hides every card/, /Remove/],
    ['no visible cards', { visibleDevices: ' ' }, 'allowed', /hides every card/, /Remove/],
    ['macOS', { platform: 'darwin', cards: none }, 'card', /macOS/, /Linux/],
    ['no card at all', { cards: none }, 'card', /No NVIDIA card/, /processor/],
    ['a card without a driver', { cards: { ...none, onBus: true } }, 'driver', /missing/, /525\.60\.13/],
    [
      'a driver without its tool',
      { cards: { ...none, driverLoaded: true } },
      'driver',
      /no nvidia-smi/,
      /Install NVIDIA/,
    ],
    [
      'a driver that does not answer',
      { cards: { ...none, complaint: 'version mismatch' } },
      'driver',
      /version mismatch/,
      /Restart/,
    ],
    [
      'an old driver',
      { cards: withDriver('470.82.01') },
      'driver-version',
      /470\.82\.01 is too old/,
      /Update/,
    ],
    ['a little too old', { cards: withDriver('525.60.12') }, 'driver-version', /too old/, /525\.60\.13/],
    ['the wrong pack', { pack: 'cpu' }, 'pack', /processor only/, /cuda12/],
    ['no pack', { pack: null }, 'pack', /No runtime pack/, /cuda12/],
    ['a missing library', { missingLibraries: ['libcudnn.so.9'] }, 'libraries', /libcudnn\.so\.9/, /again/],
    [
      'a system without CUDA',
      { pack: 'official', missingLibraries: ['libcudnn.so.8'] },
      'libraries',
      /libcudnn\.so\.8/,
      /cuDNN 8\.1/,
    ],
    [
      'an engine that does not start',
      {
        engine: {
          state: 'failed',
          problem: { code: 'engine-unavailable', message: 'No GLIBC', hint: 'Update' },
        },
      },
      'engine',
      /GLIBC/,
      /Update/,
    ],
    ['a card left alone', described({ usingGpu: false }), 'tensorflow', /no card/, /log/],
    [
      'wrong numbers',
      described({ selfTest: [{ name: 'gradient', passed: false, detail: 'largest error 1' }] }),
      'arithmetic',
      /gradient is wrong: largest error 1/,
      /driver/,
    ],
  ])('explains %s', (_, changes, id, detail, remedy) => {
    const failure = failureOf(changes)
    expect(failure?.id).toBe(id)
    expect(failure?.detail).toMatch(detail)
    expect(failure?.remedy).toMatch(remedy)
  })

  // Acceptance statement 9: a user whose card is not used is told why, and what to do.
  test('tells three machines apart: no card, an old driver, a missing library', () => {
    const failures = [
      failureOf({ cards: none }),
      failureOf({ cards: withDriver('470.82.01') }),
      failureOf({ missingLibraries: ['libcudnn.so.9'] }),
    ]
    expect(new Set(failures.map((failure) => failure?.id)).size).toBe(3)
    expect(new Set(failures.map((failure) => failure?.remedy)).size).toBe(3)
  })

  test('looks at nothing behind the first failure, and says what it waits for', () => {
    const checks = gpuChecklist(machine({ cards: withDriver('470.82.01') }))
    const at = checks.findIndex(({ state }) => state === 'failed')
    expect(checks.slice(0, at).every(({ state }) => state === 'passed')).toBe(true)
    const later = checks.slice(at + 1)
    expect(later).toHaveLength(6)
    for (const { state, detail } of later) {
      expect(state).toBe('skipped')
      expect(detail).toContain(checks[at]!.title)
    }
  })

  test('lets an old driver serve the pack that was made for it', () => {
    expect(failureOf({ cards: withDriver('470.82.01'), pack: 'official' })).toBeNull()
    expect(failureOf({ cards: withDriver('440.33'), pack: 'official' })?.id).toBe('driver-version')
  })

  test('warns of a card that others have filled, but not while the engine itself is at work on it', () => {
    const cards = { ...found, cards: [{ ...card, freeBytes: 1e9 }] }
    const last = (changes: Partial<GpuFindings>) => gpuChecklist(machine({ cards, ...changes })).at(-1)
    expect(last({})).toMatchObject({ id: 'memory', state: 'warning' })
    expect(last({ engine: { state: 'busy', usingGpu: true } })).toMatchObject({ state: 'passed' })
  })

  test('leaves open what an engine at work cannot be asked', () => {
    const checks = gpuChecklist(machine({ engine: { state: 'busy', usingGpu: null } }))
    const skipped = checks.filter(({ state }) => state === 'skipped').map(({ id }) => id)
    expect(skipped).toEqual(['tensorflow', 'arithmetic'])
  })
})
