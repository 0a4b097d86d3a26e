import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { resource } from '#main/resources'

/** Copies a small part of the sample project as class folders: a real dataset that takes no time. */
export function copySamplePictures(target: string): string {
  for (const name of ['mammal', 'road_vehicle', 'clothing']) {
    mkdirSync(join(target, name), { recursive: true })
    for (const file of readdirSync(resource('sample', name)).sort().slice(0, 12))
      copyFileSync(resource('sample', name, file), join(target, name, file))
  }
  return target
}
