import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { EngineStatus } from '#shared/schemas/machine'
import { api, take } from '../api/api.ts'

/** The engine process right now. */
export const useEngine = defineStore('engine', () => {
  const status = shallowRef<EngineStatus | null>(null)
  api.on('engine/changed', (changed) => (status.value = changed))
  api.onOpen(() => take(api.request('engine/status', {}), (told) => (status.value = told)))
  return { status }
})
