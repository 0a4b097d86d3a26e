// Child processes, signals and the lock of the bootstrap. Node built-ins only, from Node 20 on.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Told by a step that has already said on stderr what went wrong. */
export class StepFailed extends Error {
  /** @param {number} status exit status of the bootstrap */
  constructor(status) {
    super(`exit status ${status}`)
    this.status = status
  }
}

/** @param {string} text one line for a person; stdout belongs to the command that is run */
export function say(text) {
  process.stderr.write(`setup: ${text}\n`)
}

const children = new Set()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    if (children.size === 0) process.exit(128 + constants.signals[signal])
    // A terminal sends Ctrl+C to the children too; twice would mean "do not finish properly".
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    for (const child of children) child.kill(signal)
  })
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
// npm passes a signal on to its shell, which dies of it without a word to us: being orphaned is the only sign.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  watch.unref()
}

/**
 * Runs a program to its end and gives its exit status, 128 + n after a signal, 127 when it is not there.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: any, shell?: boolean, collect?: (text: string) => void }} options
 *   `collect` gets what the program writes into those of its streams that are pipes: by default all it says
 * @returns {Promise<number>}
 */
export function run(command, args, { env = process.env, shell = false, collect, stdio } = {}) {
  return new Promise((resolve) => {
    const streams = stdio ?? (collect === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'])
    const child = spawn(command, args, { env, shell, stdio: streams })
    children.add(child)
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => {
      const complain = collect ?? ((text) => process.stderr.write(text))
      complain(`${command} cannot be started: ${error.message}\n`)
      children.delete(child)
      resolve(127)
    })
    child.on('close', (code, signal) => {
      children.delete(child)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

/** For set-up steps: nothing of theirs reaches stdout, and nobody types into them. */
export const onStderr = ['ignore', 2, 2]

/** A holder shows every few seconds that it lives; its process id alone may by now be another process's. */
const heartbeat = { every: 5_000, missedAfter: 60_000 }

/**
 * Runs `body` while holding a lock, so that two commands at once do not set up the same folder twice. Waits for
 * a living holder; takes over from one that has died.
 * @template Result
 * @param {string} path
 * @param {() => Promise<Result>} body
 */
export async function withLock(path, body) {
  mkdirSync(dirname(path), { recursive: true })
  for (let told = false; !takeLock(path);) {
    if (!told) say(`another command is setting up this folder (${path}); waiting`)
    told = true
    await sleep(300)
  }
  const beat = setInterval(() => utimesSync(path, new Date(), new Date()), heartbeat.every).unref()
  const release = () => rmSync(path, { force: true })
  process.once('exit', release)
  try {
    return await body()
  } finally {
    clearInterval(beat)
    process.off('exit', release)
    release()
  }
}

/** Whether the lock is ours now. A dead holder's lock is removed, and taken at the next call. */
function takeLock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const holder = readHolder(path)
  if (holder !== undefined && !isAlive(holder)) removeStale(path, holder.text)
  return false
}

/** Undefined when it has just been released. */
function readHolder(path) {
  try {
    return { text: readFileSync(path, 'utf8'), age: Date.now() - statSync(path).mtimeMs }
  } catch {
    return undefined
  }
}

function isAlive({ text, age }) {
  // Empty: created this instant and about to be filled.
  if (age > heartbeat.missedAfter || text === '') return age < heartbeat.every
  try {
    process.kill(Number(text), 0)
    return Number(text) !== process.pid
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Another process may have been quicker and hold a fresh lock under the same name: that one is put back. */
function removeStale(path, staleText) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (readFileSync(aside, 'utf8') === staleText) rmSync(aside)
    else renameSync(aside, path)
  } catch {
    // It is gone already.
  }
}
