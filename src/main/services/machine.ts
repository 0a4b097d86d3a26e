import { existsSync } from 'node:fs'
import { AppError } from '#shared/errors'
import type { MachineCheck, MachineReport } from '#shared/schemas/machine'
import type { EngineDescription } from '#shared/schemas/results'
import type { Task } from '#shared/schemas/task'
import type { EngineHost } from '#main/engine-host/engine-host'
import { missingCudaLibraries } from '#main/runtime/cuda-libraries'
import { staticReport, type StaticReport } from '#main/runtime/device-report'
import { gpuChecklist, type EngineFindings } from '#main/runtime/gpu-checklist'
import { runEngineJob } from './engine-jobs.ts'
import type { EngineStatusService } from './engine-status.ts'
import type { Models } from './models.ts'
import type { SettingsService } from './settings.ts'
import type { TaskContext, Tasks } from './tasks.ts'

/** A run writes its images' answers, checkpoints of its prompts and logs. */
const DISK_FOR_A_RUN = 1e9
/** The smallest CLIP, its work space and the program itself. */
const MEMORY_FOR_A_RUN = 2e9

export interface MachineParts {
  dataFolder: string
  engine: EngineHost
  engineStatus: Pick<EngineStatusService, 'get' | 'described'>
  settings: Pick<SettingsService, 'get' | 'onChange'>
  models: Pick<Models, 'list'>
  tasks: Tasks
}

/** Tells what this machine is, whether it has what a run needs, and what keeps it off the graphics card. */
export function createMachine({ dataFolder, engine, engineStatus, settings, models, tasks }: MachineParts) {
  // An engine keeps the device that it was started with.
  let { device } = settings.get()
  settings.onChange((changed) => {
    if (changed.device !== device) void engine.renew()
    ;({ device } = changed)
  })

  async function describeEngine(context: TaskContext): Promise<EngineDescription> {
    const { description } = await runEngineJob(engine, context, { kind: 'describe' })
    engineStatus.described(description)
    return { ...description, deviceName: description.deviceName ?? engine.deviceName() }
  }

  /** A report comes out also when the engine does not start, and does not wait for a run of hours. */
  async function askEngine(context: TaskContext): Promise<EngineFindings> {
    if (engine.state().job !== null) return { state: 'busy', usingGpu: engineStatus.get().usingGpu }
    try {
      return { state: 'described', description: await describeEngine(context) }
    } catch (thrown) {
      context.signal.throwIfAborted()
      return { state: 'failed', problem: AppError.from(thrown).toJSON() }
    }
  }

  async function report(context: TaskContext): Promise<MachineReport> {
    context.progress('Looking at this machine', 0, 2)
    const machine = await staticReport(dataFolder)
    const missingLibraries = machine.pack === null ? [] : await missingCudaLibraries(machine.pack)
    context.progress('Asking the engine', 1, 2)
    const asked = await askEngine(context)
    return {
      ...describeMachine(machine),
      engine: asked.state === 'described' ? asked.description : null,
      ...(asked.state === 'failed' && { engineProblem: asked.problem }),
      checks: [
        processorCheck(machine),
        runtimeCheck(machine),
        engineCheck(asked, machine),
        weightsCheck(models.list()),
        diskCheck(machine),
        memoryCheck(machine),
      ],
      gpuChecks: gpuChecklist({
        platform: process.platform,
        forcedCpu: settings.get().device === 'cpu',
        visibleDevices: process.env['CUDA_VISIBLE_DEVICES'],
        cards: machine.cards,
        pack: machine.pack?.name ?? null,
        missingLibraries,
        engine: asked,
      }),
    }
  }

  return {
    describeEngine: (): Task =>
      tasks.start('describe', async (context) => ({
        kind: 'describe',
        description: await describeEngine(context),
      })),

    report: (): Task =>
      tasks.start('machine', async (context) => ({ kind: 'machine', report: await report(context) })),
  }
}

export type Machine = ReturnType<typeof createMachine>

function describeMachine({ system, node, processor, memory, disk, pack, cards }: StaticReport) {
  return {
    system: `${system.name} ${system.release}, ${system.architecture}`,
    node,
    processor: processor.name,
    cores: processor.cores,
    memory,
    disk,
    pack,
    cards: cards.cards.map(({ name, memoryBytes, driver }) => ({ name, memoryBytes, driver })),
  }
}

function processorCheck({ processor: { name, cores, hasAvx } }: StaticReport): MachineCheck {
  const check = { id: 'processor', title: 'Processor' }
  if (hasAvx) return { ...check, ...passed(`${name}, ${cores} cores`) }
  return {
    ...check,
    ...failed(
      `${name} has no AVX, without which TensorFlow ends at once.`,
      'Use a machine with a processor from after 2012, or let its virtual machine see AVX.',
    ),
  }
}

function runtimeCheck({ pack, packProblem }: StaticReport): MachineCheck {
  const check = { id: 'runtime', title: 'Runtime pack' }
  if (pack !== null)
    return {
      ...check,
      ...passed(`${pack.name}: TensorFlow ${pack.tensorflow}, binding ${pack.binding}`),
    }
  return {
    ...check,
    ...failed(packProblem?.message ?? 'None is installed.', packProblem?.hint ?? 'Install a runtime pack.'),
  }
}

function engineCheck(engine: EngineFindings, { pack }: StaticReport): MachineCheck {
  const check = { id: 'engine', title: 'Engine' }
  if (engine.state === 'busy') return { ...check, ...passed('At work') }
  if (engine.state === 'failed') {
    if (pack === null) return { ...check, state: 'skipped', detail: 'Waits for: Runtime pack', remedy: null }
    const { message, hint } = engine.problem
    return { ...check, ...failed(message, hint ?? 'The end of its log, in the folder logs, says more.') }
  }
  const { backend, usingGpu, deviceName, selfTest } = engine.description
  const wrong = selfTest.filter((test) => !test.passed)
  if (wrong.length > 0)
    return {
      ...check,
      ...failed(
        `It computes wrongly: ${wrong.map(({ name, detail }) => `${name}, ${detail}`).join('; ')}`,
        'Install the runtime pack again; if it stays so, force the processor in the settings.',
      ),
    }
  return {
    ...check,
    ...passed(`${backend} on ${usingGpu ? (deviceName ?? 'GPU') : 'CPU'}, self-test passed`),
  }
}

function weightsCheck(models: readonly { name: string; path: string }[]): MachineCheck {
  const check = { id: 'weights', title: 'Weights' }
  const present = models.filter(({ path }) => existsSync(path))
  if (present.length > 0) return { ...check, ...passed(present.map(({ name }) => name).join(', ')) }
  if (models.length > 0)
    return {
      ...check,
      ...failed('No registered CLIP is where it was.', 'Mount the drive it is on, or register it again.'),
    }
  return {
    ...check,
    state: 'warning',
    detail: 'No CLIP is registered yet.',
    remedy: 'Register the starter CLIP, which ships with the program, or weights of your own.',
  }
}

function diskCheck({ disk: { folder, free, total } }: StaticReport): MachineCheck {
  const check = { id: 'disk', title: 'Disk' }
  const detail = `${gigabytes(free)} of ${gigabytes(total)} free at ${folder}`
  if (free >= DISK_FOR_A_RUN) return { ...check, ...passed(detail) }
  return { ...check, ...failed(detail, 'Free at least 1 GB, or choose another data folder (--data-dir).') }
}

function memoryCheck({ memory: { available, total } }: StaticReport): MachineCheck {
  const check = { id: 'memory', title: 'Memory' }
  const detail = `${gigabytes(available)} of ${gigabytes(total)} free`
  if (available >= MEMORY_FOR_A_RUN) return { ...check, ...passed(detail) }
  return {
    ...check,
    state: 'warning',
    detail,
    remedy: 'End other programs, or use a small CLIP and small batches.',
  }
}

function passed(detail: string) {
  return { state: 'passed', detail, remedy: null } as const
}

function failed(detail: string, remedy: string) {
  return { state: 'failed', detail, remedy } as const
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
