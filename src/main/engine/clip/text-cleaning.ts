import { characterReferences, withoutSemicolon } from './character-references.ts'

/**
 * Text as CLIP was trained on it: broken characters repaired, HTML character references replaced twice, white space
 * collapsed, lower case.
 *
 * CLIP's own code repairs text with ftfy. Everything ftfy replaces character by character is done here too; its
 * guess at wrongly decoded text ("cafÃ©" for "café") is not, because nobody can foresee what it changes.
 */
export function cleanText(text: string): string {
  // A text with tags may mean its references as they stand; the two later passes do not care, but quotes would.
  const repaired = repairCharacters(text.includes('<') ? text : unescapeReferences(text))
  return unescapeReferences(unescapeReferences(repaired)).replace(whiteSpace, ' ').trim().toLowerCase()
}

/** What Python's `str.split` splits at. */
const whiteSpace = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g

function repairCharacters(text: string): string {
  return text
    .replace(/\x1b\[[\d;]*[a-zA-Z]/g, '') // terminal colours
    .replace(/[ĲĳŉǄ-ǌǱ-ǳﬀ-ﬆ\u3000\uff01-\uffef]/g, (sign) => sign.normalize('NFKC')) // ligatures, wide letters
    .replace(/[\u02bc\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .toWellFormed()
    .replace(/[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, '')
    .normalize('NFC')
}

/** Like Python's `html.unescape`: also without a semicolon where HTML allows that. */
function unescapeReferences(text: string): string {
  return text.replace(
    /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/g,
    (whole, reference: string) =>
      reference.startsWith('#') ? numberedCharacter(reference) : (namedCharacter(reference) ?? whole),
  )
}

function namedCharacter(reference: string): string | undefined {
  const name = reference.replace(/;$/, '')
  if (reference.endsWith(';') && characterReferences.has(name)) return characterReferences.get(name)
  for (let length = name.length; length > 1; length--) {
    const start = reference.slice(0, length)
    if (withoutSemicolon.has(start)) return characterReferences.get(start)! + reference.slice(length)
  }
  return undefined
}

const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

function numberedCharacter(reference: string): string {
  const digits = reference.replace(/;$/, '').slice(1)
  const code = /^[xX]/.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10)
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252[code - 0x80]!
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd'
  return isForbidden(code) ? '' : String.fromCodePoint(code)
}

/** Control codes and noncharacters, which HTML drops. */
function isForbidden(code: number): boolean {
  if (code === 0x0d) return false
  return (
    (code < 0x20 && ![9, 10, 12].includes(code)) ||
    code === 0x7f ||
    (code >= 0xfdd0 && code <= 0xfdef) ||
    (code & 0xfffe) === 0xfffe
  )
}
