import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = join(import.meta.dirname, '..', '..', '..', 'src')

/** What code would need to talk to another machine. */
const REACHES_OUT = [
  /from '(?:node:)?(?:https?|http2|net|tls|dgram|dns(?:\/promises)?)'/,
  /from '(?:undici|ws|axios|node-fetch)'/,
  /require\('(?:node:)?(?:https?|http2|net|tls|dgram|dns)'\)/,
  /(?<![\w.'])fetch\(/,
  /\bnew (?:WebSocket|EventSource|XMLHttpRequest)\(/,
  /\bsendBeacon\(/,
]

/** Files below a folder of the sources that match, with `/` whatever the system. */
function reachingOut(folder: string): string[] {
  return readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|vue)$/.test(name))
    .filter((name) => {
      const text = readFileSync(join(source, folder, name), 'utf8')
      return REACHES_OUT.some((pattern) => pattern.test(text))
    })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
}

describe('network code', () => {
  test('is in one module; beside it there is only the server that browsers on this machine talk to', () => {
    expect(reachingOut('main').filter((file) => !file.startsWith('main/serve/'))).toEqual([
      'main/network/download.ts',
    ])
  })

  test('of the page talks to where the page came from', () => {
    expect(reachingOut('renderer')).toEqual([
      'renderer/src/api/uploads.ts',
      'renderer/src/api/web-socket-port.ts',
    ])
  })

  test('is nowhere in what both share', () => {
    expect([...reachingOut('shared'), ...reachingOut('preload')]).toEqual([])
  })
})
