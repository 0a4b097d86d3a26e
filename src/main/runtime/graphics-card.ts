import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hasNvidiaDriver } from './packs.ts'
import type { PackName } from './sources.ts'
import { runTool } from './tool.ts'

export interface GraphicsCard {
  readonly name: string
  readonly memoryBytes: number
  readonly driver: string
}

/** What the system says about NVIDIA cards, before TensorFlow is asked. */
export interface CardFindings {
  readonly cards: readonly GraphicsCard[]
  /** an NVIDIA device is on the bus, with or without a driver */
  readonly onBus: boolean
  /** the kernel has NVIDIA's driver loaded */
  readonly driverLoaded: boolean
  /** what `nvidia-smi` complained about; null when it is not there or content */
  readonly complaint: string | null
}

/** Whether training can be expected to run on the card, and if not, why and what to do. */
export type CardVerdict =
  | { readonly usable: true; readonly reason: null; readonly remedy: null }
  | { readonly usable: false; readonly reason: string; readonly remedy: string }

/** CUDA 12 runs on any driver of its generation, of which this is the first. */
const oldestDriver = [525, 60, 13]

/** Asks `nvidia-smi` and the kernel. Takes up to a second where there is a driver. */
export async function findCards(): Promise<CardFindings> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits']
  const { code, missing, stdout, stderr } = await runTool('nvidia-smi', query)
  return {
    cards: code === 0 ? parseCards(stdout) : [],
    onBus: isOnBus(),
    driverLoaded: hasNvidiaDriver(),
    complaint: missing || code === 0 ? null : (stdout + stderr).trim(),
  }
}

/** Reads the lines of `nvidia-smi --format=csv,noheader,nounits`: name, memory in MiB, driver. */
export function parseCards(csv: string): GraphicsCard[] {
  return csv
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => fields.length === 3)
    .map(([name, memory, driver]) => ({
      name: name!,
      memoryBytes: (Number.parseInt(memory!, 10) || 0) * 2 ** 20,
      driver: driver!,
    }))
}

/** The first thing that keeps training off the card, in the order in which a person would have to put it right. */
export function judgeCards(
  findings: CardFindings,
  pack: PackName | null,
  { env = process.env, platform = process.platform } = {},
): CardVerdict {
  const { cards, complaint } = findings
  const visible = env['CUDA_VISIBLE_DEVICES']
  if (visible !== undefined && (visible.trim() === '' || visible.trim().startsWith('-')))
    return no(`CUDA_VISIBLE_DEVICES is "${visible}", which hides every card.`, 'Remove that variable.')
  if (platform === 'darwin')
    return no('TensorFlow has no GPU support for macOS.', 'Train on Linux, or let the processor do it.')
  if (complaint !== null)
    return no(
      `NVIDIA's driver does not answer: ${complaint}`,
      'Restart the machine; if that does not help, install the driver again.',
    )
  if (cards.length === 0) return noCard(findings)
  const [{ driver }] = cards as [GraphicsCard]
  if (isOlder(driver, oldestDriver) && pack !== 'official')
    return no(
      `NVIDIA driver ${driver} is too old for CUDA 12.`,
      `Update the driver to ${oldestDriver.join('.')} or newer. No CUDA has to be installed.`,
    )
  if (pack === null || pack === 'cpu')
    return no(
      pack === null ? 'No runtime pack is installed.' : 'Runtime pack cpu works on the processor only.',
      'Install the pack for the card: dplstudio runtime install cuda12 (fetches 3.3 GB)',
    )
  return { usable: true, reason: null, remedy: null }
}

function noCard({ onBus, driverLoaded }: CardFindings): CardVerdict {
  if (onBus || driverLoaded)
    return no(
      'There is an NVIDIA card, and its driver is missing or incomplete (no nvidia-smi).',
      `Install NVIDIA's driver, ${oldestDriver.join('.')} or newer. No CUDA has to be installed.`,
    )
  return no(
    'No NVIDIA card was found.',
    'Everything works on the processor, more slowly. TensorFlow for Node supports no other cards.',
  )
}

function no(reason: string, remedy: string): CardVerdict {
  return { usable: false, reason, remedy }
}

function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10))
  const at = than.findIndex((number, index) => (parts[index] ?? 0) !== number)
  return at !== -1 && (parts[at] ?? 0) < than[at]!
}

function isOnBus(): boolean {
  const devices = '/sys/bus/pci/devices'
  if (!existsSync(devices)) return false
  const text = (device: string, file: string) => {
    const path = join(devices, device, file)
    return existsSync(path) ? readFileSync(path, 'latin1').trim() : ''
  }
  // Class 03 is a display controller; NVIDIA makes network cards too.
  return readdirSync(devices).some(
    (device) => text(device, 'vendor') === '0x10de' && text(device, 'class').startsWith('0x03'),
  )
}
