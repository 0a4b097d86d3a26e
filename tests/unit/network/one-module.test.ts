import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { expect, test } from 'vitest'

const sources = join(import.meta.dirname, '..', '..', '..', 'src')

/** What reaches other machines from Node or from Electron: modules, and functions that need no import. */
const WAYS_OUT = [
  /['"](?:node:)?(?:http|https|http2|net|tls|dns|dns\/promises|dgram|inspector)['"]/,
  /['"](?:undici|ws|axios|got|node-fetch)['"]/,
  /(?<![.\w])fetch\s*\(/,
  /globalThis\s*\.\s*fetch|globalThis\s*\[/,
  /new\s+(?:WebSocket|EventSource|XMLHttpRequest)\b/,
  /\bnet\s*\.\s*(?:fetch|request)\s*\(|\bautoUpdater\b|\bcrashReporter\b/,
]

/** Who may: the module for it, and the server of the page, which answers this machine and asks nobody. */
const MAY = ['main/network', 'main/serve']

/** The page talks to where it comes from, and its policy forbids it anything else. */
const PAGE = 'renderer'

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|vue|mts|js)$/.test(name))
    .map((name) => name.split(sep).join('/'))
}

const isBelow = (folder: string) => (name: string) => name.startsWith(`${folder}/`)

test('one module alone asks other machines', () => {
  const asking = filesBelow(sources)
    .filter((name) => ![...MAY, PAGE].some((folder) => isBelow(folder)(name)))
    .filter((name) => {
      const text = readFileSync(join(sources, name), 'utf8')
      return WAYS_OUT.some((way) => way.test(text))
    })
  expect(asking).toEqual([])
})

test('the search above finds what it looks for', () => {
  const network = filesBelow(join(sources, 'main', 'network')).map((name) =>
    readFileSync(join(sources, 'main', 'network', name), 'utf8'),
  )
  expect(network.some((text) => WAYS_OUT.some((way) => way.test(text)))).toBe(true)
  for (const line of ["import { get } from 'node:https'", 'await fetch(url)', "require('undici')"])
    expect(WAYS_OUT.some((way) => way.test(line))).toBe(true)
  expect(WAYS_OUT.some((way) => way.test('fetchArchive(archive)'))).toBe(false)
})

test('no address of another machine is built into the page', () => {
  const page = join(sources, 'renderer')
  const found = filesBelow(page).flatMap((name) =>
    [
      ...readFileSync(join(page, name), 'utf8').matchAll(
        /https?:\/\/(?!127\.0\.0\.1|localhost|www\.w3\.org)[\w.-]+/g,
      ),
    ].map(([address]) => `${relative(page, join(page, name))}: ${address}`),
  )
  expect(found).toEqual([])
})
