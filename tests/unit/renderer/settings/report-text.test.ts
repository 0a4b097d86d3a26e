import { expect, it } from 'vitest'
import type { MachineReport } from '#shared/schemas/machine'
import { hostsAndReasons } from '../../../../src/renderer/src/components/settings/hosts.ts'
import { reportText } from '../../../../src/renderer/src/components/settings/report-text.ts'

const report: MachineReport = {
  system: 'Linux 6.1',
  node: 'v24',
  processor: 'A processor',
  cores: 2,
  memory: { total: 8e9, available: 4e9 },
  disk: { folder: '/data', total: 1e12, free: 5e11 },
  pack: null,
  cards: [{ name: 'H100', memoryBytes: 8e10, driver: '535' }],
  engine: null,
  checks: [],
  gpuChecks: [
    { id: 'driver', title: 'Driver', state: 'passed', detail: '535', remedy: null },
    { id: 'pack', title: 'Pack', state: 'failed', detail: 'no CUDA pack', remedy: 'Install one.' },
  ],
}

it('tells everything about the machine in plain text, the reason against the GPU with its remedy', () => {
  const text = reportText(report)
  expect(text).toContain('Card: H100, 80.0 GB, driver 535')
  expect(text).toContain('Runtime pack: none')
  expect(text).toContain('[failed] Pack: no CUDA pack\n  -> Install one.')
  expect(text.indexOf('[passed] Driver')).toBeLessThan(text.indexOf('[failed] Pack'))
})

it('lists a host once, with everything it is asked for', () => {
  expect(
    hostsAndReasons([
      { host: 'a', reason: 'weights' },
      { host: 'b', reason: 'pack' },
      { host: 'a', reason: 'pack' },
      { host: 'a', reason: 'weights' },
    ]),
  ).toEqual([
    { host: 'a', reasons: ['weights', 'pack'] },
    { host: 'b', reasons: ['pack'] },
  ])
})
