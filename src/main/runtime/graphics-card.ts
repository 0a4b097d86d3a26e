import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hasNvidiaDriver } from './packs.ts'
import { runTool } from './tool.ts'

export interface GraphicsCard {
  readonly name: string
  readonly memoryBytes: number
  readonly freeBytes: number
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

/** Asks `nvidia-smi` and the kernel. Takes up to a second where there is a driver. */
export async function findCards(): Promise<CardFindings> {
  const query = ['--query-gpu=name,memory.total,memory.free,driver_version', '--format=csv,noheader,nounits']
  const { code, missing, stdout, stderr } = await runTool('nvidia-smi', query)
  return {
    cards: code === 0 ? parseCards(stdout) : [],
    onBus: isOnBus(),
    driverLoaded: hasNvidiaDriver(),
    complaint: missing || code === 0 ? null : (stdout + stderr).trim(),
  }
}

/** Reads the lines of `nvidia-smi --format=csv,noheader,nounits`: name, memory and free memory in MiB, driver. */
export function parseCards(csv: string): GraphicsCard[] {
  const mebibytes = (text: string) => (Number.parseInt(text, 10) || 0) * 2 ** 20
  return csv
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => fields.length === 4)
    .map(([name, memory, free, driver]) => ({
      name: name!,
      memoryBytes: mebibytes(memory!),
      freeBytes: mebibytes(free!),
      driver: driver!,
    }))
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
