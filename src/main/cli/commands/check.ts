import { AppError } from '#shared/errors'
import type { EngineDescription } from '#shared/schemas/results'
import { staticReport, type StaticReport } from '#main/runtime/device-report'
import type { Command, CommandContext } from '../command.ts'
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
    const machine = await staticReport(context.dataFolder)
    const engine = await describeEngine(context)
    const failed = engine instanceof AppError
    const passed = !failed && engine.selfTest.every((test) => test.passed)
    return {
      json: {
        machine,
        engine: failed ? null : engine,
        problem: failed ? engine.toJSON() : null,
        passed,
      },
      text: [machineText(machine), failed ? engineProblem(engine) : engineText(engine)].join('\n'),
      exitCode: failed ? exitCodeOf(engine.code) : passed ? exitCodes.ok : exitCodes.failed,
    }
  },
}

/** A report must come out also when the engine does not start: then the reason is part of it. */
async function describeEngine(context: CommandContext): Promise<EngineDescription | AppError> {
  try {
    return (await runTask(context, 'describe', () => context.api.request('engine/describe', {}))).description
  } catch (thrown) {
    return AppError.from(thrown)
  }
}

function machineText({
  system,
  node,
  processor,
  memory,
  disk,
  pack,
  packProblem,
  cards,
  gpu,
}: StaticReport): string {
  return table([
    ['System', `${system.name} ${system.release}, ${system.architecture}, Node ${node}`],
    ['Processor', `${processor.name}, ${processor.cores} cores${processor.hasAvx ? '' : ', without AVX'}`],
    ['Memory', `${bytes(memory.available)} of ${bytes(memory.total)} free`],
    ['Disk', `${bytes(disk.free)} of ${bytes(disk.total)} free at ${disk.folder}`],
    [
      'Runtime',
      pack === null
        ? `${packProblem?.message ?? 'none'} ${packProblem?.hint ?? ''}`
        : `${pack.name}: TensorFlow ${pack.tensorflow}, binding ${pack.binding}`,
    ],
    ...cards.map(({ name, memoryBytes, driver }) => [
      'Card',
      `${name}, ${bytes(memoryBytes)}, driver ${driver}`,
    ]),
    ['GPU', gpu.usable ? 'usable' : `not used: ${gpu.reason} ${gpu.remedy}`],
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

function engineProblem({ message, hint }: AppError): string {
  return `Engine     does not start: ${message}${hint === undefined ? '' : `\n           ${hint}`}`
}
