import { join } from 'node:path'
import type { EngineParts } from './engine-host/engine-child.ts'
import { engineEnvironment } from './runtime/environment.ts'
import { findPack } from './runtime/packs.ts'
import { readSettings, settingsFile } from './services/settings.ts'

/** What every engine of a data folder is started with. Pack and settings are looked up anew at every start. */
export function engineLaunch(dataFolder: string): Omit<EngineParts, 'program'> {
  return {
    runtime: () => {
      const pack = findPack(dataFolder)
      const isForcedToCpu = readSettings(settingsFile(dataFolder)).device === 'cpu'
      return {
        packFolder: pack.folder,
        environment: { ...engineEnvironment(pack), ...(isForcedToCpu && { CUDA_VISIBLE_DEVICES: '-1' }) },
      }
    },
    logFile: join(dataFolder, 'logs', 'engine.log'),
  }
}
