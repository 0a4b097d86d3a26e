import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { RunQueue } from '#shared/schemas/queue'
import { api, take } from '../api/api.ts'

/** Which run is at work and which come next. */
export const useQueue = defineStore('queue', () => {
  const queue = shallowRef<RunQueue>({ running: null, waiting: [], held: false, reason: null })
  api.on('queue/changed', (changed) => (queue.value = changed))
  api.onOpen(() => take(api.request('runs/queue', {}), (told) => (queue.value = told)))
  return { queue }
})
