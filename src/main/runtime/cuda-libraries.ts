import { existsSync, readdirSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { neededLibraries } from './elf.ts'
import type { InstalledPack } from './packs.ts'
import type { PackName } from './sources.ts'
import { runTool } from './tool.ts'

/** What TensorFlow opens by itself when it looks for a card; no library names these as needed. */
const openedAtRunTime: Readonly<Record<Exclude<PackName, 'cpu'>, readonly string[]>> = {
  cuda12: [
    'libcuda.so.1',
    'libcudart.so.12',
    'libcublas.so.12',
    'libcublasLt.so.12',
    'libcufft.so.11',
    'libcusolver.so.11',
    'libcusparse.so.12',
    'libcudnn.so.9',
  ],
  official: [
    'libcuda.so.1',
    'libcudart.so.11.0',
    'libcublas.so.11',
    'libcublasLt.so.11',
    'libcufft.so.10',
    'libcusolver.so.11',
    'libcusparse.so.11',
    'libcudnn.so.8',
  ],
}

/** Where libraries of the system, of NVIDIA's installers and of WSL are. */
const systemFolders = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/cuda/lib64',
  '/usr/lib/wsl/lib',
  '/run/opengl-driver/lib',
]

/**
 * NVIDIA's libraries that a pack asks for, directly or through each other, and that neither it nor the system has.
 * Looks by name, as the loader does; only on Linux, where packs have libraries of their own.
 */
export async function missingCudaLibraries(
  { name, folder }: Pick<InstalledPack, 'name' | 'folder'>,
  { platform = process.platform, env = process.env, ofSystem = systemLibraries } = {},
): Promise<string[]> {
  if (name === 'cpu' || platform !== 'linux') return []
  const own = librariesBelow(join(folder, 'deps'))
  const needed = await Promise.all(own.map(neededLibraries))
  const wanted = new Set([...openedAtRunTime[name], ...needed.flat().filter(isNvidias)])
  const present = new Set([...own.map((path) => basename(path)), ...(await ofSystem(env))])
  return [...wanted].filter((library) => !present.has(library)).sort()
}

function librariesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.includes('.so'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Names of NVIDIA's libraries; all others come with the system or do not concern the card. */
function isNvidias(library: string): boolean {
  return /^lib(cu|nv|nccl)/.test(library)
}

async function systemLibraries(env: NodeJS.ProcessEnv): Promise<string[]> {
  const folders = [...(env['LD_LIBRARY_PATH'] ?? '').split(delimiter), ...systemFolders]
  const listed = folders
    .filter((folder) => folder !== '' && existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
  return [...listed, ...(await cachedLibraries())]
}

/** What the loader's cache knows: every folder that the system's own configuration names. */
async function cachedLibraries(): Promise<string[]> {
  for (const tool of ['ldconfig', '/sbin/ldconfig']) {
    const { code, stdout } = await runTool(tool, ['-p'])
    if (code === 0) return [...stdout.matchAll(/^\s+(\S+) \(/gm)].map(([, name]) => name!)
  }
  return []
}
