import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#shared/errors'

/** A held lock; `release` may be called once. */
export interface Lock {
  release(): void
}

/**
 * Takes a lock that other processes respect, or says who holds it. A lock whose process is gone, or whose
 * process id now belongs to another process, is taken over.
 *
 * @throws AppError `locked` when a living process holds it
 */
export function takeLock(path: string, purpose: string): Lock {
  mkdirSync(dirname(path), { recursive: true })
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid), purpose })
  for (let attempt = 0; attempt < 10; attempt++) {
    if (createWhole(path, mine)) return { release: () => releaseIfMine(path, mine) }
    const holder = readHolder(path)
    if (holder === undefined) continue
    if (isAlive(holder))
      throw new AppError('locked', `Process ${holder.pid} is at work here (${holder.purpose}): ${path}`, {
        hint: 'Wait until it has finished, or end that process.',
      })
    removeStale(path, holder.text)
  }
  throw new AppError('locked', `Could not take the lock ${path}`, { hint: 'Try again.' })
}

/** Like `takeLock`, but waits for the holder. `onWait` is told once, with the reason. */
export async function waitForLock(
  path: string,
  purpose: string,
  { onWait, signal }: { onWait?: ((reason: string) => void) | undefined; signal?: AbortSignal | undefined },
): Promise<Lock> {
  for (let told = false; ; told = true) {
    try {
      return takeLock(path, purpose)
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'locked') throw thrown
      if (!told) onWait?.(thrown.message)
    }
    await sleep(250, undefined, { signal })
  }
}

interface Holder {
  readonly pid: number
  readonly started: string | null
  readonly purpose: string
  readonly text: string
}

/** Creates the file with its content in one step, so that nobody ever reads half a lock. */
function createWhole(path: string, content: string): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(temporary, content, { flag: 'wx' })
  try {
    linkSync(temporary, path)
    return true
  } catch (thrown) {
    if (isOccupied(thrown)) return false
    return createWithoutLinks(path, content)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** For file systems without hard links, such as those of memory sticks. */
function createWithoutLinks(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (thrown) {
    if (isOccupied(thrown)) return false
    throw thrown
  }
}

function isOccupied(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'EEXIST'
}

/** Undefined when the lock has just been released; a lock that nobody can read counts as nobody's. */
function readHolder(path: string): Holder | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  try {
    const { pid, started, purpose } = JSON.parse(text) as Partial<Holder>
    return { pid: Number(pid), started: started ?? null, purpose: String(purpose), text }
  } catch {
    return { pid: Number.NaN, started: null, purpose: '', text }
  }
}

function isAlive({ pid, started }: Holder): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return started === null || startOf(pid) === started
}

/** When a process started, in ticks since boot: tells a process from a later one with the same id (Linux only). */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

/** Removes a lock only if it still is the stale one that was read: another process may have been quicker. */
function removeStale(path: string, staleText: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (readFileSync(aside, 'utf8') !== staleText)
    try {
      linkSync(aside, path)
    } catch {
      // A third process holds the lock now; ours will be told so.
    }
  rmSync(aside, { force: true })
}

function releaseIfMine(path: string, mine: string): void {
  if (readHolder(path)?.text === mine) rmSync(path, { force: true })
}
