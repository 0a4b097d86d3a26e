import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { Settings, type SettingsChange } from '#shared/schemas/settings'
import { api, take } from '../api/api.ts'

/** What the user has set. Defaults until the program has told. */
export const useSettings = defineStore('settings', () => {
  const settings = shallowRef(Settings.parse({}))
  api.on('settings/changed', (changed) => (settings.value = changed))
  api.onOpen(() => take(api.request('settings/get', {}), (told) => (settings.value = told)))

  /** Rejects with the reason when a value cannot be. */
  async function change(changes: SettingsChange): Promise<void> {
    settings.value = await api.request('settings/change', changes)
  }
  return { settings, change }
})
