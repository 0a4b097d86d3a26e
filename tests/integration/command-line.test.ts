import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { dataFolder } from '#main/data-folder'
import { findPack } from '#main/runtime/packs'
import { copySamplePictures } from '../support/sample-pictures.ts'

const folder = mkdtempSync(join(tmpdir(), 'command-line-'))
const root = join(import.meta.dirname, '..', '..')
const pictures = copySamplePictures(join(folder, 'pictures'))
const pack = findPack(dataFolder()).folder
const left = new Set<ChildProcess>()
afterAll(() => {
  for (const child of left) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const SHORT = ['--preset', 'quick', '--shots', '2', '--set', 'search.epochs=2', '--set', 'train.epochs=2']

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** The built command line as a process of its own, over a data folder for these tests. */
function start(words: string[]): {
  ended: Promise<Ended>
  said: (text: string) => Promise<void>
  child: ChildProcess
} {
  const child = spawn(process.execPath, [join(root, 'out', 'main', 'cli.js'), ...words], {
    cwd: folder,
    env: { ...process.env, DPLSTUDIO_DATA: join(folder, 'data'), DPLSTUDIO_RUNTIME: pack },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  left.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      left.delete(child)
      resolve({ code, stdout, stderr })
    })
  })
  const said = async (text: string) => {
    const state = { over: false }
    void ended.then(() => (state.over = true))
    while (!stderr.includes(text)) {
      if (state.over) throw new Error(`It never said "${text}", but:\n${stderr}`)
      await sleep(20)
    }
  }
  return { ended, said, child }
}

async function json(words: string[], code = 0): Promise<Record<string, unknown>> {
  const end = await start([...words, '--json']).ended
  expect(end.code, end.stderr).toBe(code)
  return JSON.parse(end.stdout) as Record<string, unknown>
}

const idOf = (document: Record<string, unknown>) => (document['run'] as { id: string }).id

/** Path and best class of every row. */
const answersIn = (lines: string[]) => lines.map((line) => line.split(',').slice(0, 2))

/** Everything of a run that must not depend on how often it was interrupted. */
async function numbersOf(id: string) {
  const { epochs, result } = (await json(['runs', 'show', id])) as unknown as {
    epochs: { seconds: number }[]
    result: { dpl: { accuracy: number; loss: number }; contextLengths: unknown }
  }
  return {
    epochs: epochs.map((report) => ({ ...report, seconds: 0 })),
    accuracy: result.dpl.accuracy,
    loss: result.dpl.loss,
    contextLengths: result.contextLengths,
  }
}

describe('the command line with the real engine', () => {
  let whole: string

  test('does the whole job', { timeout: 480_000 }, async () => {
    const machine = await json(['check'])
    expect(machine).toMatchObject({ passed: true, problem: null })
    whole = idOf(await json(['run', pictures, ...SHORT]))
    const { evaluation } = (await json(['eval', whole])) as { evaluation: { accuracy: number } }
    expect(evaluation.accuracy).toBe((await numbersOf(whole)).accuracy)

    const target = join(folder, 'prompts')
    const { files } = (await json(['export', whole, '--to', target])) as { files: string[] }
    expect(files.every((file) => existsSync(join(target, file)))).toBe(true)
    const verified = await json(['verify', target])
    expect(verified).toMatchObject({ passed: true, agreement: 1 })
    expect(verified['maxProbabilityDifference']).toBeLessThan(1e-3)

    const csv = join(folder, 'predictions.csv')
    const predict = ['predict', join(pictures, 'mammal'), '--with', target, '--csv', csv]
    const first = await json(predict)
    const lines = readFileSync(csv, 'utf8').trim().split('\n')
    expect(lines).toHaveLength((first['scored'] as number) + 1)
    writeFileSync(csv, `${lines.slice(0, 6).join('\n')}\n`)
    expect(await json(predict)).toMatchObject({ skipped: 5, scored: lines.length - 6 })
    // A batch of another size may differ in the last digit.
    expect(answersIn(readFileSync(csv, 'utf8').trim().split('\n'))).toEqual(answersIn(lines))

    appendFileSync(join(target, 'prompt.safetensors'), 'x')
    const tampered = await start(['verify', target]).ended
    expect(tampered.code).not.toBe(0)
    expect(tampered.stderr).toContain('prompt.safetensors')
  })

  test('comes to the same numbers after Ctrl+C and after SIGKILL', { timeout: 480_000 }, async () => {
    const paused = start(['run', pictures, ...SHORT, '--json'])
    await paused.said('search 1/2')
    paused.child.kill('SIGINT')
    const { code, stdout } = await paused.ended
    expect(code).toBe(130)
    const id = idOf(JSON.parse(stdout) as Record<string, unknown>)
    expect(await json(['runs', 'show', id])).toMatchObject({ run: { status: 'paused' } })

    const killed = start(['resume', id])
    await killed.said('train 1/2')
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(await json(['runs', 'show', id])).toMatchObject({ run: { status: 'paused' } })

    expect((await json(['resume', id]))['run']).toMatchObject({ status: 'finished' })
    expect(await numbersOf(id)).toEqual(await numbersOf(whole))
    await json(['resume', id], 2)
  })

  test(
    'can be watched from another process, and belongs to one at a time',
    { timeout: 480_000 },
    async () => {
      const run = start(['run', pictures, ...SHORT, '--json'])
      await run.said('search 0/2')
      const watching = start(['watch', '--last', '--json'])
      expect(await json(['dataset', 'import', pictures], 4)).toMatchObject({ error: { code: 'locked' } })
      const [ended, watched] = await Promise.all([run.ended, watching.ended])
      expect({ ran: ended.code, watched: watched.code }).toEqual({ ran: 0, watched: 0 })
      expect(JSON.parse(watched.stdout)).toEqual(JSON.parse(ended.stdout))
      expect(watched.stderr).toContain('train 2/2')
    },
  )

  test('has the same runs after its index is rebuilt', { timeout: 60_000 }, async () => {
    const before = await json(['runs'])
    rmSync(join(folder, 'data', 'index.sqlite'))
    expect(await json(['reindex'])).toMatchObject({ runs: 3, datasets: 1, models: 1, skipped: [] })
    expect(await json(['runs'])).toEqual(before)
  })
})
