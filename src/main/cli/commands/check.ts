import type { SerializedError } from '#shared/errors'
import type { MachineReport } from '#shared/schemas/machine'
import type { EngineDescription } from '#shared/schemas/results'
import type { Command } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { runTask } from '../follow.ts'
import { bytes } from '../format.ts'
import { table } from '../table.ts'

/** Can this machine do the work, and on what? */
export const check: Command = {
  name: 'check',
  summary: 'Report on this machine: device, runtime, memory, disk, and a self-test of the engine',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['check', 'check --json'],
  access: 'read',
  async run(context) {
    const { report } = await runTask(context, 'machine', () => context.api.request('machine/report', {}))
    const { engine, engineProblem, ...machine } = report
    const passed = engine !== null && engine.selfTest.every((test) => test.passed)
    return {
      json: { machine, engine, problem: engineProblem ?? null, passed },
      text: [
        machineText(report),
        ...(engineProblem === undefined ? [] : [engineProblemText(engineProblem)]),
        ...(engine === null ? [] : [engineText(engine)]),
      ].join('\n'),
      exitCode:
        engineProblem !== undefined
          ? exitCodeOf(engineProblem.code)
          : passed
            ? exitCodes.ok
            : exitCodes.failed,
    }
  },
}

function machineText(report: MachineReport): string {
  const { system, node, processor, cores, memory, disk, cards, checks, gpuChecks } = report
  const runtime = checks.find(({ id }) => id === 'runtime')
  const obstacle = gpuChecks.find(({ state }) => state === 'failed')
  return table([
    ['System', `${system}, Node ${node}`],
    ['Processor', `${processor}, ${cores} cores`],
    ['Memory', `${bytes(memory.available)} of ${bytes(memory.total)} free`],
    ['Disk', `${bytes(disk.free)} of ${bytes(disk.total)} free at ${disk.folder}`],
    ['Runtime', [runtime?.detail, runtime?.remedy].filter(Boolean).join(' ')],
    ...cards.map(({ name, memoryBytes, driver }) => [
      'Card',
      `${name}, ${bytes(memoryBytes)}, driver ${driver}`,
    ]),
    ['GPU', obstacle === undefined ? 'usable' : `not used: ${obstacle.detail} ${obstacle.remedy ?? ''}`],
    ...checks
      .filter(({ id, state }) => id !== 'runtime' && id !== 'engine' && state === 'failed')
      .map(({ title, detail, remedy }) => [title, [detail, remedy].filter(Boolean).join(' ')]),
  ])
}

function engineText({ backend, usingGpu, deviceName, selfTest }: EngineDescription): string {
  const device = usingGpu ? `GPU ${deviceName ?? ''}`.trim() : 'CPU'
  return table([
    ['Engine', `${backend} on ${device}`],
    ...selfTest.map(({ name, passed, detail }) => [
      'Self-test',
      `${passed ? 'passed' : 'FAILED'}: ${name}${detail === '' ? '' : `, ${detail}`}`,
    ]),
  ])
}

function engineProblemText({ message, hint }: SerializedError): string {
  return `Engine     does not start: ${message}${hint === undefined ? '' : `\n           ${hint}`}`
}
