import type { Api } from '#shared/contract'
import { Settings } from '#shared/schemas/settings'

/** The user's settings as they are now. */
export interface LiveSettings {
  get(): Settings
  onChange(listener: (settings: Settings) => void): void
}

/** Reads the settings and follows their changes. */
export async function followSettings(api: Api): Promise<LiveSettings> {
  const listeners = new Set<(settings: Settings) => void>()
  let settings = Settings.parse({})
  api.on('settings/changed', (changed) => {
    settings = changed
    for (const listener of listeners) listener(changed)
  })
  // Without them the usual ones have to do: a window that does not open helps nobody.
  settings = await api.request('settings/get', {}).catch(() => settings)
  return { get: () => settings, onChange: (listener) => void listeners.add(listener) }
}
