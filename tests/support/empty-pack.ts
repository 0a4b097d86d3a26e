import { join } from 'node:path'
import { writeJson } from '#main/files'
import { recordFile, type PackRecord } from '#main/runtime/packs'

/** A runtime pack that is whole because it consists of nothing, or of the files said. Returns its folder. */
export function emptyPack(
  folder: string,
  { pack = 'cpu', files = [] }: Partial<Pick<PackRecord, 'pack' | 'files'>> = {},
): string {
  writeJson(join(folder, recordFile), {
    format: 1,
    pack,
    platform: 'linux-x64',
    tensorflow: '2.21.0',
    binding: '4.22.0',
    installedAt: '2026-01-01T00:00:00Z',
    archives: [],
    files,
    libraryPath: [],
  } satisfies PackRecord)
  return folder
}
