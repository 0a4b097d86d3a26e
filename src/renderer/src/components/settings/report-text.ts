import type { MachineCheck, MachineReport } from '#shared/schemas/machine'
import { bytes } from '../../format.ts'

/** A report on a machine as plain text, to be pasted into a message. */
export function reportText(report: MachineReport): string {
  const { system, node, processor, cores, memory, disk, pack, cards, engine } = report
  const lines: [string, string][] = [
    ['System', system],
    ['Node', node],
    ['Processor', `${processor}, ${cores} cores`],
    ['Memory', `${bytes(memory.available)} free of ${bytes(memory.total)}`],
    ['Disk', `${bytes(disk.free)} free of ${bytes(disk.total)}`],
    ['Runtime pack', pack === null ? 'none' : `${pack.name}, TensorFlow ${pack.tensorflow}, ${pack.binding}`],
    ...cards.map(({ name, memoryBytes, driver }): [string, string] => [
      'Card',
      `${name}, ${bytes(memoryBytes)}, driver ${driver}`,
    ]),
    [
      'Engine',
      engine === null
        ? 'did not answer'
        : `${engine.backend}, ${engine.usingGpu ? 'on the GPU' : 'on the CPU'}`,
    ],
  ]
  return [
    ...lines.map(([what, value]) => `${what}: ${value}`),
    '',
    ...checkLines('Ready for a run', report.checks),
    '',
    ...checkLines('CUDA', report.gpuChecks),
    '',
    ...(engine?.selfTest.map(
      ({ name, passed, detail }) => `[${passed ? 'passed' : 'failed'}] ${name}: ${detail}`,
    ) ?? []),
  ]
    .join('\n')
    .trim()
}

function checkLines(title: string, checks: readonly MachineCheck[]): string[] {
  return [
    `${title}:`,
    ...checks.map(({ state, title: what, detail, remedy }) =>
      [`[${state}] ${what}: ${detail}`, remedy && `  -> ${remedy}`].filter(Boolean).join('\n'),
    ),
  ]
}
