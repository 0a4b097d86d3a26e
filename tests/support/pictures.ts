import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { onTestFinished } from 'vitest'
import { createRandom } from '#main/engine/tensor/random'

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pictures-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A picture of coloured blotches; another number, another picture. */
export function picture(number: number, { width = 64, height = 48 } = {}): Sharp {
  const random = createRandom(number, 'picture')
  const blotch = () => {
    const [x, y, r] = [random.uniform() * 100, random.uniform() * 100, 8 + random.uniform() * 25]
    return `<circle cx="${x}%" cy="${y}%" r="${r}%" fill="hsl(${random.integer(360)} 80% ${20 + random.integer(60)}%)"/>`
  }
  const blotches = Array.from({ length: 8 }, blotch).join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#888"/>${blotches}</svg>`
  return sharp(Buffer.from(svg)).flatten()
}

/** Writes files below a folder: pictures by number (in the format of the extension), or given bytes. */
export async function writeFiles(
  folder: string,
  files: Record<string, number | string | Uint8Array>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    if (typeof content === 'number') await picture(content).toFile(join(folder, path))
    else writeFileSync(join(folder, path), content)
  }
}

/** `count` pictures `<folder>/<i>.png`, each different, numbered from `first`. */
export function pictures(folder: string, count: number, first: number): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${folder}/${String(i).padStart(3, '0')}.png`, first + i]),
  )
}
