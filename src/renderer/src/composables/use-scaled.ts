import { computed, type ComputedRef } from 'vue'
import { useSettings } from '../stores/settings.ts'

/** A length in pixels that grows with the size of the text, for what is laid out by numbers. */
export function useScaled(pixels: number): ComputedRef<number> {
  const settings = useSettings()
  return computed(() => Math.round(pixels * settings.settings.textScale))
}
