import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Emit } from '#shared/contract'
import { Settings, type SettingsChange } from '#shared/schemas/settings'
import { writeJson } from '#main/files'

export interface SettingsParts {
  /** `settings.json` in the data folder */
  file: string
  emit: Emit
}

/** What the user has set, in a file of its own: it outlives the index, and a person can read it. */
export function createSettings({ file, emit }: SettingsParts) {
  let settings = readSettings(file)
  const listeners = new Set<(settings: Settings) => void>()

  return {
    get: (): Settings => settings,

    /** Stored before it is told. */
    change(changes: SettingsChange): Settings {
      const changed = Settings.parse({ ...settings, ...changes })
      writeJson(file, changed)
      settings = changed
      emit('settings/changed', settings)
      for (const listener of listeners) listener(settings)
      return settings
    },

    /** For parts of the program that act on a change. */
    onChange: (listener: (settings: Settings) => void): void => void listeners.add(listener),
  }
}

/** Where the settings of a data folder are. */
export function settingsFile(dataFolder: string): string {
  return join(dataFolder, 'settings.json')
}

export type SettingsService = ReturnType<typeof createSettings>

/**
 * A field that cannot be read costs that field, a file that cannot be read is set aside: wrong settings must never
 * keep the program from starting.
 */
export function readSettings(file: string): Settings {
  if (!existsSync(file)) return Settings.parse({})
  const stored = parseObject(readFileSync(file, 'utf8'))
  if (stored === null) {
    renameSync(file, `${file}.damaged`)
    return Settings.parse({})
  }
  const sound = Object.entries(Settings.shape).flatMap(([name, schema]) => {
    const value = schema.safeParse(stored[name])
    return value.success ? [[name, value.data]] : []
  })
  return Settings.parse(Object.fromEntries(sound))
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null
  } catch {
    return null
  }
}
