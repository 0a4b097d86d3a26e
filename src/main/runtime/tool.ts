import { spawn } from 'node:child_process'

/** How an external program ended. `code` is null when it could not be started or was ended by a signal. */
export interface ToolResult {
  readonly code: number | null
  /** the program is not there */
  readonly missing: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface ToolOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
}

/** Runs a program to its end without a shell. Never throws for the program's own failure. */
export function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...(options.env !== undefined && { env: options.env }),
      ...(options.signal !== undefined && { signal: options.signal }),
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (error: NodeJS.ErrnoException) => {
      // The reason says who stopped it; the error only that somebody did.
      if (error.name === 'AbortError')
        reject(options.signal?.reason instanceof Error ? options.signal.reason : error)
      else resolve({ code: null, missing: error.code === 'ENOENT', stdout, stderr: stderr + error.message })
    })
    child.on('close', (code) => resolve({ code, missing: false, stdout, stderr }))
  })
}

/** The last lines of a program's complaints, for an error message. */
export function lastLines(text: string, count = 6): string {
  return text.trim().split('\n').slice(-count).join('\n')
}
