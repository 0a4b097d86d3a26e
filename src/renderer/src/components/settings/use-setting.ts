import { reactive, shallowRef, computed } from 'vue'
import { AppError } from '#shared/errors'
import type { Settings } from '#shared/schemas/settings'
import { useSettings } from '../../stores/settings.ts'

/** One setting for a field: what is set is saved at once, and a refusal stands at the field. */
export function useSetting<Key extends keyof Settings>(key: Key) {
  const store = useSettings()
  const error = shallowRef<string | undefined>(undefined)

  async function save(value: Settings[Key]): Promise<void> {
    try {
      await store.change({ [key]: value })
      error.value = undefined
    } catch (thrown) {
      error.value = AppError.from(thrown).message
    }
  }
  return reactive({ value: computed(() => store.settings[key]), error, save })
}
