import { useStorage } from '@vueuse/core'
import type { SerializedError } from '#shared/errors'
import type { Verification } from '#shared/schemas/results'

/** What the last check of an export folder found. */
export interface ExportCheck {
  /** ISO 8601 */
  at: string
  verification: Verification | null
  /** why it could not be checked, for example a file that was changed */
  error: SerializedError | null
}

/** The last checks by folder, kept by this browser or window. */
export function useExportChecks() {
  const checks = useStorage<Record<string, ExportCheck>>('dplstudio.export-checks', {})
  return {
    of: (folder: string): ExportCheck | undefined => checks.value[folder],
    keep(folder: string, found: Pick<ExportCheck, 'verification' | 'error'>): void {
      checks.value = { ...checks.value, [folder]: { at: new Date().toISOString(), ...found } }
    },
  }
}
