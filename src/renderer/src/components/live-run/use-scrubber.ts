import { useIntervalFn } from '@vueuse/core'
import { computed, ref, shallowRef } from 'vue'
import type { SearchEpoch } from '#shared/schemas/run'
import type { EpochCursor } from '../../charts/cursor.ts'
import { nearestEpoch, stepEpoch } from '../../charts/series.ts'

/** Epochs shown in a second while playing. */
const PLAY_INTERVAL_MS = 250

/**
 * The epoch that heatmaps show: where the slider is, the newest while it follows, or where the pointer is on a chart.
 * It reads what is on this page already and asks nobody.
 */
export function useScrubber(epochs: () => readonly SearchEpoch[], cursor: EpochCursor) {
  const place = shallowRef<number | null>(null)
  const follows = ref(true)
  const comparedWith = shallowRef<number | null>(null)
  const numbers = computed(() => epochs().map(({ epoch }) => epoch))
  const slider = computed(() => {
    const last = numbers.value.at(-1) ?? 0
    return follows.value || place.value === null ? last : (nearestEpoch(numbers.value, place.value) ?? 0)
  })
  const shown = computed(() => {
    const hovered = cursor.hovered.value
    return hovered !== null && hovered.axis === 'search' ? hovered.epoch : slider.value
  })
  const at = (epoch: number) => epochs().find((each) => each.epoch === epoch) ?? null

  function goTo(epoch: number): void {
    follows.value = false
    place.value = epoch
    // What was asked for last counts, also while the pointer rests on a chart.
    cursor.hovered.value = null
  }
  function step(by: number): void {
    const next = stepEpoch(numbers.value, slider.value, by)
    if (next !== null) goTo(next)
  }
  const playback = useIntervalFn(
    () => {
      step(1)
      if (slider.value === numbers.value.at(-1)) playback.pause()
    },
    PLAY_INTERVAL_MS,
    { immediate: false },
  )
  function play(): void {
    if (playback.isActive.value) {
      playback.pause()
      return
    }
    const reduces = document.documentElement.classList.contains('reduce-motion')
    if (slider.value === numbers.value.at(-1)) goTo(numbers.value[0] ?? 0)
    else if (reduces) step(1)
    // With reduced motion every press shows the next epoch, and nothing moves by itself.
    if (!reduces) playback.resume()
  }

  return {
    numbers,
    slider,
    follows,
    comparedWith: computed(() => comparedWith.value),
    playing: playback.isActive,
    epoch: computed(() => at(shown.value) ?? epochs().at(-1) ?? null),
    earlier: computed(() => (comparedWith.value === null ? null : at(comparedWith.value))),
    compareWith: (epoch: number | null) => void (comparedWith.value = epoch),
    goTo,
    step,
    play,
    follow: () => {
      playback.pause()
      follows.value = !follows.value
      if (!follows.value) place.value = numbers.value.at(-1) ?? null
    },
  }
}

export type Scrubber = ReturnType<typeof useScrubber>
