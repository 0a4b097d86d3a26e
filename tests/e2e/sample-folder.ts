import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resource } from '#main/resources'

/** A folder with one sub-folder per class that a user might have. */
export interface PictureFolder {
  readonly path: string
  /** of every picture, as `class/file`, sorted */
  readonly pictures: readonly string[]
  readonly remove: () => void
}

export const SAMPLE_CLASSES = ['mammal', 'road_vehicle', 'fruit_or_vegetable', 'clothing'] as const

/** The first pictures of some classes of the sample, few enough for runs of seconds. */
export function sampleFolder({
  classes = SAMPLE_CLASSES,
  perClass = 14,
}: { classes?: readonly string[]; perClass?: number } = {}): PictureFolder {
  const parent = mkdtempSync(join(tmpdir(), 'dplstudio-pictures-'))
  const path = join(parent, 'my-pictures')
  const pictures = classes.flatMap((name) => {
    const files = readdirSync(resource('sample', name)).sort().slice(0, perClass)
    mkdirSync(join(path, name), { recursive: true })
    for (const file of files) cpSync(resource('sample', name, file), join(path, name, file))
    return files.map((file) => `${name}/${file}`)
  })
  return { path, pictures: pictures.sort(), remove: () => rmSync(parent, { recursive: true, force: true }) }
}
