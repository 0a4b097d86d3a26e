/**
 * Loaded into a process with `--import`, and into its children by NODE_OPTIONS: refuses every connection to another
 * machine, and writes it down in the file that NETWORK_ATTEMPTS names.
 */
import dgram from 'node:dgram'
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const note = process.env['NETWORK_ATTEMPTS'] ?? ''
const own = new Set(['localhost', '127.0.0.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::'])

function refuse(what: string, host: unknown): void {
  if (typeof host !== 'string' || host === '' || own.has(host)) return
  appendFileSync(note, `${process.pid} ${what} ${host}\n`)
  throw new Error(`${what} ${host}: there is no network in this test`)
}

/** Checks the arguments of a function before it is called. */
function guard<Name extends string>(
  owner: Record<Name, unknown>,
  name: Name,
  check: (...given: unknown[]) => void,
): void {
  const original = owner[name] as (...given: unknown[]) => unknown
  owner[name] = function (this: unknown, ...given: unknown[]): unknown {
    check(...given)
    return original.apply(this, given)
  }
}

interface Destination {
  path?: string
  host?: string
}

guard(net.Socket.prototype, 'connect', (first, second) => {
  // Node itself calls it with the arguments in an array.
  const [to, host] = Array.isArray(first) ? (first as unknown[]) : [first, second]
  const isObject = typeof to === 'object' && to !== null
  if (isObject && (to as Destination).path !== undefined) return
  if (typeof to === 'string' && Number.isNaN(Number(to))) return
  refuse('connect', isObject ? (to as Destination).host : host)
})
guard(dgram.Socket.prototype, 'connect', (_, host) => refuse('datagrams', host))
guard(dgram.Socket.prototype, 'send', (...given) =>
  refuse(
    'datagram',
    given.findLast((each) => typeof each === 'string'),
  ),
)
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6'] as const) {
  guard(dns, name, (host) => refuse('look-up', host))
  guard(dns.promises, name, (host) => refuse('look-up', host))
}
syncBuiltinESMExports()
