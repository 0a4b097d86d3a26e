import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { AppInfo } from '#shared/schemas/app'
import { api, take } from '../api/api.ts'

/** The program itself: version, folders, and what its shell can do. */
export const useAppInfo = defineStore('app', () => {
  const info = shallowRef<AppInfo | null>(null)
  api.onOpen(() => take(api.request('app/info', {}), (told) => (info.value = told)))
  return { info }
})
