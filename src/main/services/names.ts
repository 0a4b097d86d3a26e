import { randomInt } from 'node:crypto'

const LONGEST_SLUG = 32
// Without 0, o, 1, l and i, which people mistake for each other.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

/** Lower-case letters, digits and hyphens: safe as an id and as a file name on every system. */
export function slug(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_SLUG)
    .replace(/^-+|-+$/g, '')
  return plain === '' ? 'unnamed' : plain
}

/** `wanted`, or with the first number behind it that is free. */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(wanted)) return wanted
  let number = 2
  while (isTaken(`${wanted}-${number}`)) number++
  return `${wanted}-${number}`
}

/** A short id that sorts by time and says what it is about: `20260131-1405-pets-k3fm`. */
export function timedId(about: string, now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 13)
  const random = Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return `${time}-${slug(about).slice(0, 20)}-${random}`
}
