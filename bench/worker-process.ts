import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Answers, Reply, Request } from './worker-protocol.ts'

/** A process that takes steps when asked to. */
export interface Worker {
  readonly pid: number
  /** One question at a time. Fails when the worker fails or ends, saying why. */
  ask<Question extends Request>(question: Question): Promise<Answers[Question['ask']]>
  /** Ends the process and waits until it is gone. */
  end(): Promise<void>
}

const running = new Set<ChildProcess>()

/** Leaves no worker behind, however this process ends. A worker whose parent is killed ends with its stdin. */
export function endWorkersWithThisProcess(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [signal, status] of Object.entries(signals)) process.on(signal, () => process.exit(status))
}

/** Starts a worker. */
export function startWorker(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Worker {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  if (child.pid !== undefined) offerToMemoryKiller(child.pid)
  const complaint = keepTail(child)
  const pending: { resolve: (line: string) => void; reject: (reason: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => pending.shift()?.resolve(line))
  // Writing to a worker that has just died fails as well; `close` tells what happened.
  child.stdin.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    child.on('error', () => undefined)
    child.on('close', (code, signal) => {
      running.delete(child)
      for (const { reject } of pending.splice(0)) reject(new Error(explainEnd(code, signal, complaint())))
      resolve()
    })
  })

  return {
    pid: child.pid ?? 0,
    async ask<Question extends Request>(question: Question) {
      const line = await new Promise<string>((resolve, reject) => {
        pending.push({ resolve, reject })
        if (running.has(child)) child.stdin.write(`${JSON.stringify(question)}\n`)
        else reject(new Error(`the process has ended. ${complaint()}`))
      })
      const reply = JSON.parse(line) as Reply<Question['ask']>
      if ('failure' in reply) throw new Error(reply.failure)
      return reply.answer
    },
    async end() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** When memory runs out, the system shall end a worker and nothing that belongs to somebody else. */
function offerToMemoryKiller(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // Not Linux, or not allowed: then the system chooses.
  }
}

/** The end of what a worker writes to stderr, shown only when it fails. */
function keepTail(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-2000)))
  return () => tail.trim()
}

function explainEnd(code: number | null, signal: NodeJS.Signals | null, complaint: string): string {
  if (signal === 'SIGKILL') return 'the system ended the process, most likely because memory ran out'
  const how = signal === null ? `exit status ${code}` : `signal ${signal}`
  return `the process ended (${how}). ${complaint}`
}
