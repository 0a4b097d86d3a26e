import { shallowRef } from 'vue'
import type { DroppedFile } from '../api/uploads.ts'

/** What was dropped and waits for the import view: a path on this machine, or files to be sent. */
export type PendingImport = { path: string } | { files: DroppedFile[] }

const pending = shallowRef<PendingImport | null>(null)

/** Files cannot travel in an address, so what was dropped waits here until the import view takes it. */
export function usePendingImport() {
  return pending
}
