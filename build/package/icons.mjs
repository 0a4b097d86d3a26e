// Draws the icons of the program from icon.svg: `node build/package/icons.mjs`. The files are committed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

const folder = import.meta.dirname
const icons = join(folder, 'icons')
const drawn = (size) =>
  sharp(join(folder, 'icon.svg'), { density: (72 * size) / 512 })
    .resize(size, size)
    .png({ compressionLevel: 9, palette: true })
    .toBuffer()

const sizes = [16, 32, 48, 64, 128, 256, 512, 1024]
const images = new Map(await Promise.all(sizes.map(async (size) => [size, await drawn(size)])))

mkdirSync(icons, { recursive: true })
for (const [size, image] of images) if (size <= 512) writeFileSync(join(icons, `${size}x${size}.png`), image)
writeFileSync(join(folder, 'icon.ico'), windowsIcon([16, 32, 48, 64, 128, 256]))
writeFileSync(join(folder, 'icon.icns'), appleIcon({ ic07: 128, ic08: 256, ic09: 512, ic10: 1024 }))
// The window and the tray show this one at run time.
writeFileSync(join(folder, '..', '..', 'resources', 'icon.png'), images.get(256))

/** A header, a table of sizes and places, and the images as they are. */
function windowsIcon(contained) {
  const header = Buffer.alloc(6 + 16 * contained.length)
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(contained.length, 4)
  let offset = header.length
  contained.forEach((size, index) => {
    const entry = 6 + 16 * index
    const { length } = images.get(size)
    header.writeUInt8(size % 256, entry)
    header.writeUInt8(size % 256, entry + 1)
    header.writeUInt16LE(1, entry + 4)
    header.writeUInt16LE(32, entry + 6)
    header.writeUInt32LE(length, entry + 8)
    header.writeUInt32LE(offset, entry + 12)
    offset += length
  })
  return Buffer.concat([header, ...contained.map((size) => images.get(size))])
}

/** Chunks of a type, a length and an image each. */
function appleIcon(chunks) {
  const parts = Object.entries(chunks).map(([type, size]) => chunk(type, images.get(size)))
  return chunk('icns', Buffer.concat(parts))
}

function chunk(type, content) {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32BE(8 + content.length, 4)
  return Buffer.concat([head, content])
}
