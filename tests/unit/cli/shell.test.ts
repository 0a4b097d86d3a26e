import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createWorkshop, type Workshop } from '../../support/application.ts'
import { dplstudioIn, type CommandLineOptions } from '../../support/command-line.ts'

let workshop: Workshop
let pictures: string
beforeEach(async () => {
  workshop = createWorkshop()
  pictures = await workshop.pictures()
})
afterEach(() => workshop.end())

const dplstudio = (words: string[], options?: CommandLineOptions) => dplstudioIn(workshop, words, options)

const SHORT = ['--shots', '2', '--set', 'search.epochs=2', '--set', 'train.epochs=2']

/** Runs a command with --json and gives its one document. */
async function json(words: string[], options: CommandLineOptions = {}) {
  const { stdout, code } = await dplstudio([...words, '--json'], options)
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  return { code, document: JSON.parse(stdout) as Record<string, unknown> }
}

const runShort = async (): Promise<string> => {
  const { document } = await json(['run', pictures, ...SHORT])
  return (document['run'] as { id: string }).id
}

describe('the command line', () => {
  test('explains itself', async () => {
    expect((await dplstudio([])).stdout).toContain('Usage: dplstudio')
    expect((await dplstudio(['--version'])).stdout).toBe('1.2.3\n')
    const help = await dplstudio(['run', '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain('--shots <n>')
    expect((await dplstudio(['help', 'dataset', 'import'])).stdout).toContain(
      'dplstudio dataset import ./flowers',
    )
    expect((await dplstudio(['dataset', '--help'])).stdout).toContain('dataset split')
  })

  test('answers a mistake with status 2 and leaves the data folder alone', async () => {
    const { code, stdout, stderr } = await dplstudio(['run', pictures, '--shot', '2'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Did you mean --shots?')
    expect(existsSync(workshop.data)).toBe(false)
  })

  test('prints one JSON document also when it fails', async () => {
    const { code, document } = await json(['runs', 'show', 'nothing'])
    expect(code).toBe(1)
    expect(document).toMatchObject({ error: { code: 'not-found' } })
  })

  test('takes options of every command in front of it as well', async () => {
    const other = join(workshop.folder, 'other')
    expect((await dplstudio(['--data-dir', other, '--json', 'runs'])).stdout).toBe('[]\n')
    expect(existsSync(other)).toBe(true)
  })
})

describe('a run', () => {
  test('of a folder with the starter: imported, followed line by line, and told how to go on', async () => {
    const { code, stdout, stderr } = await dplstudio(['run', pictures, ...SHORT])
    expect(code).toBe(0)
    expect(stdout).toContain('25.0 points better than zero-shot')
    expect(stdout).toMatch(/dplstudio export \d{8}-\d{4}-pictures-/)
    const told = ['Imported pictures', 'Zero-shot: 50.0 %', 'search 1/2', 'Chosen by the search', 'train 2/2']
    for (const text of told) expect(stderr).toContain(text)
    expect(stderr.match(/search 2\/2/g)).toHaveLength(1)
    expect(stderr.match(/Chosen by the search/g)).toHaveLength(1)
  })

  test('is only looked at with --dry-run', async () => {
    const { stdout } = await dplstudio(['run', pictures, '--dry-run', ...SHORT])
    expect(stdout).toMatch(/search\.epochs +2 +not the paper's/)
    expect((await json(['runs'])).document).toEqual([])
  })

  test('pauses at Ctrl+C with status 130, and goes on', async () => {
    let pressed = false
    const { code, document } = await json(['run', pictures, ...SHORT, '--set', 'train.epochs=50'], {
      engine: { epochMs: 30 },
      onStderr: (text, press) => {
        if (!pressed && text.includes('search 1/2')) {
          pressed = true
          press()
        }
      },
    })
    expect(code).toBe(130)
    const { id, status } = document['run'] as { id: string; status: string }
    expect(status).toBe('paused')
    const resumed = await dplstudio(['resume', id])
    expect(resumed.code).toBe(0)
    expect(resumed.stderr).toMatch(/Going on with .* after search epoch [12]/)
    expect(resumed.stderr).not.toContain('search 0/2')
  })

  test('with several seeds is several runs, one after the other, with their mean', async () => {
    const words = ['run', pictures, ...SHORT, '--seeds', '1,2']
    const { code, stdout } = await dplstudio(words)
    expect(code).toBe(0)
    expect(stdout).toContain('DPL: 75.0 ± 0.0 % over 2 seeds')
    const listed = JSON.parse((await dplstudio(['runs', '--json'])).stdout) as { config: { seed: number } }[]
    expect(listed.map(({ config }) => config.seed).sort()).toEqual([1, 2])
  })

  test('can be named, noted and read about', async () => {
    const { document } = await json(['run', pictures, ...SHORT])
    const { id } = document['run'] as { id: string }
    const noted = await dplstudio(['runs', 'note', id, '--name', 'Best', '--notes', 'with new light'])
    expect(noted.stdout).toBe('Best\nwith new light\n')
    expect((await dplstudio(['runs', 'card', id])).stdout).toContain('# Best\n')
  })

  test('stops with the seed that Ctrl+C stopped', async () => {
    const { code, stdout } = await dplstudio(['run', pictures, ...SHORT, '--seeds', '1,2,3'], {
      engine: { mode: 'normal', epochMs: 300 },
      onStderr: (text, press) => {
        if (text.includes('search 1/2') && !text.includes('Pausing')) press()
      },
    })
    expect(code).toBe(130)
    expect(stdout).toContain('not finished: seeds 1, 2, 3')
  })

  test('ends at once at the second Ctrl+C', async () => {
    let presses = 0
    const { exits } = await dplstudio(['run', pictures, ...SHORT], {
      engine: { mode: 'normal', epochMs: 300 },
      onStderr: (text, press) => {
        if (presses < 2 && (text.includes('search 1/2') || text.includes('Pausing'))) {
          presses++
          setTimeout(press, 0)
        }
      },
    })
    expect(exits).toEqual([130])
  })

  test('that fails says why, what was kept, and what to do', async () => {
    const { code, stderr } = await dplstudio(['run', pictures, ...SHORT], { engine: { mode: 'crash' } })
    expect(code).toBe(5)
    expect(stderr).toContain('Error: The engine ended unexpectedly (signal SIGKILL)')
    expect(stderr).toMatch(/Finished epochs are kept; resume the run to go on \(dplstudio resume \d/)
  })

  test('of a search is trained afterwards with its context lengths and its configuration', async () => {
    const searched = await json(['search', pictures, ...SHORT])
    const { id } = searched.document['run'] as { id: string }
    const trained = await json(['train', '--from', id])
    expect(trained.document['run']).toMatchObject({
      kind: 'train',
      config: { shots: 2, train: { epochs: 2, contextLengths: { text: [0, 4], image: [2, 6] } } },
    })
  })

  test('of plain CLIP has an accuracy and no epochs', async () => {
    const { document } = await json(['zeroshot', pictures])
    expect(document).toMatchObject({
      run: { kind: 'zero-shot', status: 'finished' },
      result: { zeroShot: {} },
    })
  })

  test('can be watched, listed, shown, and deleted', async () => {
    const id = await runShort()
    expect((await dplstudio(['watch', '--last'])).stderr).toContain('train 2/2')
    expect((await dplstudio(['runs'])).stdout).toContain(id)
    const shown = await json(['runs', 'show', id])
    expect(shown.document['epochs']).toHaveLength(5)
    expect((await dplstudio(['runs', 'delete', id])).code).toBe(0)
    expect((await dplstudio(['runs'])).stdout).toContain('None yet')
  })
})

describe('trained prompts', () => {
  test('are measured, exported, verified, and used', async () => {
    const id = await runShort()
    expect((await dplstudio(['eval', id, '--dataset', pictures])).stdout).toContain('90.0 %')
    const target = join(workshop.folder, 'out')
    expect((await json(['export', id, '--to', target])).document).toMatchObject({ folder: target })
    expect(await json(['verify', target])).toMatchObject({
      code: 0,
      document: { passed: true, agreement: 1 },
    })
    const { document } = await json(['predict', pictures, '--with', target])
    expect(document).toMatchObject({ scored: 20, failed: 0 })
    expect((await dplstudio(['predict', join(pictures, 'cat', '0.png')])).stdout).toContain('cat 100.0 %')
  })

  test('that answer otherwise than the run end with status 3', async () => {
    const id = await runShort()
    const target = join(workshop.folder, 'out')
    await dplstudio(['export', id, '--to', target])
    writeFileSync(join(target, 'damaged'), '')
    const { code, stdout } = await dplstudio(['verify', target])
    expect(code).toBe(3)
    expect(stdout).toContain('NOT verified')
  })
})

describe('data and models', () => {
  test('are managed', async () => {
    expect((await dplstudio(['dataset', 'import', pictures, '--name', 'Pets'])).stdout).toContain(
      'pets (Pets)',
    )
    expect((await dplstudio(['dataset', 'list'])).stdout).toContain('2 classes, 10 train')
    expect((await json(['dataset', 'show', 'Pets', '--check'])).document).toMatchObject({
      check: { unchanged: true },
    })
    const split = ['dataset', 'split', 'pets', '--fractions', '0.8,0.1,0.1', '--seed', '4']
    expect((await dplstudio(split)).stdout).toContain('Only a preview')
    expect((await json([...split, '--save'])).document).toMatchObject({ saved: true, counts: { train: 16 } })
    expect((await dplstudio(['dataset', 'remove', 'pets'])).code).toBe(0)
    expect((await json(['model', 'import', workshop.model])).document).toMatchObject({ id: 'clip' })
    expect((await dplstudio(['model', 'list'])).stdout).toContain('clip')
    expect((await dplstudio(['model', 'verify', 'clip'])).code).toBe(0)
    writeFileSync(join(workshop.model, 'weights'), 'other')
    expect((await dplstudio(['model', 'verify', 'clip'])).code).toBe(3)
  })

  test('that are neither known nor a path are asked for', async () => {
    await dplstudio(['dataset', 'import', pictures])
    const { code, stderr } = await dplstudio(['run', 'picture'])
    expect(code).toBe(1)
    expect(stderr).toContain('Did you mean pictures?')
  })

  test('are indexed anew', async () => {
    await runShort()
    expect((await json(['reindex'])).document).toEqual({ runs: 1, datasets: 1, models: 1, skipped: [] })
  })

  test('belong to one process at a time', async () => {
    workshop.start()
    const { code, stderr } = await dplstudio(['dataset', 'import', pictures])
    expect(code).toBe(4)
    expect(stderr).toContain(`Process ${process.pid} is at work here (a test)`)
  })
})

describe('the demo', () => {
  test('does the whole job and names everything the way scripts expect', async () => {
    const { code, document } = await json(['demo'], { engine: { epochMs: 0 } })
    expect(code).toBe(0)
    expect(document).toMatchObject({
      zeroShot: { accuracy: 0.5 },
      dpl: { accuracy: 0.75, contextLengths: { text: [0, 4], image: [2, 6] } },
      verify: { maxProbabilityDifference: 1e-6, agreement: 1 },
      seconds: { setup: 12.5, train: 1 },
      paths: { run: expect.any(String) as string, export: expect.any(String) as string },
    })
    const again = await dplstudio(['demo'])
    expect(again.code).toBe(0)
    expect(again.stdout).toMatch(/DPL +75\.0 %/)
  })
})
