/** A piece of a line: plain, strong or code. */
export interface Inline {
  readonly text: string
  readonly style: 'plain' | 'strong' | 'code'
}

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: Inline[] }
  | { readonly kind: 'paragraph'; readonly text: Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly start: number; readonly items: Inline[][] }
  | { readonly kind: 'table'; readonly head: Inline[][]; readonly rows: Inline[][][] }
  | { readonly kind: 'code'; readonly text: string }

const ITEM = /^\s*(?:([-*+])|(\d+)[.)])\s+/
const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' }

/**
 * The structure of a run card, to be shown as elements and never as HTML: whatever is not known here stays text.
 */
export function markdownBlocks(markdown: string): Block[] {
  const lines = markdown.replace(/\r\n?/g, '\n').split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!
    if (line.trim() === '') {
      at++
      continue
    }
    const { block, next } = blockAt(lines, at)
    blocks.push(block)
    at = next
  }
  return blocks
}

function blockAt(lines: readonly string[], at: number): { block: Block; next: number } {
  const line = lines[at]!
  const heading = /^(#{1,6})\s+(.*)$/.exec(line)
  if (heading !== null)
    return { block: { kind: 'heading', level: heading[1]!.length, text: inlines(heading[2]!) }, next: at + 1 }
  if (line.startsWith('```')) {
    const end = endOf(lines, at + 1, (each) => !each.startsWith('```'))
    return { block: { kind: 'code', text: lines.slice(at + 1, end).join('\n') }, next: end + 1 }
  }
  if (line.startsWith('|')) {
    const end = endOf(lines, at, (each) => each.startsWith('|'))
    const rows = lines.slice(at, end).filter((each) => !/^[|\s:-]+$/.test(each))
    const [head = [], ...others] = rows.map(cells)
    return { block: { kind: 'table', head, rows: others }, next: end }
  }
  const item = ITEM.exec(line)
  if (item !== null) {
    const end = endOf(lines, at, (each) => ITEM.test(each))
    const items = lines.slice(at, end).map((each) => inlines(each.replace(ITEM, '')))
    const ordered = item[2] !== undefined
    return { block: { kind: 'list', ordered, start: Number(item[2] ?? 1), items }, next: end }
  }
  const end = endOf(lines, at + 1, (each) => each.trim() !== '' && !/^(#{1,6}\s|```|\|)/.test(each))
  return { block: { kind: 'paragraph', text: inlines(lines.slice(at, end).join(' ')) }, next: end }
}

function endOf(lines: readonly string[], from: number, belongs: (line: string) => boolean): number {
  let end = from
  while (end < lines.length && belongs(lines[end]!)) end++
  return end
}

/** Cells of a line of a table; a bar behind a backslash is text. */
function cells(line: string): Inline[][] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => inlines(cell.trim()))
}

function inlines(text: string): Inline[] {
  const pieces = text.match(/`[^`]*`|\*\*(?:[^*\\]|\\.)+\*\*|(?:\\.|[^`*\\]|\*(?!\*)|\\$)+|[`*]+/gs) ?? []
  return pieces.map((piece) => {
    if (/^`[^`]*`$/s.test(piece)) return { text: piece.slice(1, -1), style: 'code' }
    if (/^\*\*.+\*\*$/s.test(piece)) return { text: plain(piece.slice(2, -2)), style: 'strong' }
    return { text: plain(piece), style: 'plain' }
  })
}

/** Without the backslashes and entities that keep text from being markup. */
function plain(text: string): string {
  return text
    .replace(/\\([\\`*_{}[\]>#|~!$:@.+\-)&<])/g, '$1')
    .replace(/&(?:amp|lt|gt|quot);/g, (entity) => ENTITIES[entity]!)
}
