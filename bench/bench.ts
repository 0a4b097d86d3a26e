/**
 * The benchmark: steps of DPL Studio and of PyTorch, taking turns in one run. `npm run bench` starts it with the
 * packages, the TensorFlow runtime and Python in place; `--help` explains the rest.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { AppError } from '#shared/errors'
import { dataFolder } from '#main/data-folder'
import { engineEnvironment } from '#main/runtime/environment'
import { findPack } from '#main/runtime/packs'
import { agree } from './agreement.ts'
import { describeMachine, measureOthers } from './machine.ts'
import { measureCase, type CaseResult, type Programs } from './measure.ts'
import { parseOptions, roundsOf, usage, type Options } from './options.ts'
import { jsonReport, markdownReport, type Findings } from './report.ts'
import { endWorkersWithThisProcess } from './worker-process.ts'

main().then(
  (status) => (process.exitCode = status),
  (thrown: unknown) => {
    const { message, hint } = AppError.from(thrown)
    process.stderr.write(`bench: ${message}\n${hint === undefined ? '' : `${hint}\n`}`)
    process.exitCode = 1
  },
)

async function main(): Promise<number> {
  if (process.env['DPLSTUDIO_BENCH_CHILD'] !== undefined)
    throw new AppError('internal', 'A worker of the benchmark must not start the benchmark.')
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(usage)
    return 0
  }
  endWorkersWithThisProcess()
  const findings = await measureAll(options)
  write(options, findings)
  return findings.cases.some(isWrong) ? 1 : 0
}

async function measureAll(options: Options): Promise<Findings> {
  const start = performance.now()
  const pytorch = options.pytorch ? findPyTorch() : { python: null, missing: '--no-pytorch was given.' }
  if (pytorch.missing !== null) say(`without PyTorch: ${pytorch.missing}`)
  const programs = { python: pytorch.python, engineEnvironment: engineProcessEnvironment() }
  const startedAt = new Date().toISOString()
  const before = await measureOthers()
  const cases: CaseResult[] = []
  for (const benchCase of options.cases) cases.push(await measureOne(benchCase, programs, options))
  const after = await measureOthers()
  return {
    startedAt,
    totalSeconds: (performance.now() - start) / 1000,
    machine: describeMachine(),
    otherLoad: { before, after },
    withoutPyTorch: pytorch.missing,
    cases,
  }
}

function measureOne(
  benchCase: Options['cases'][number],
  programs: Programs,
  options: Options,
): Promise<CaseResult> {
  const title = `${benchCase.shape}, C = ${benchCase.classes}, ${benchCase.work}`
  return measureCase(benchCase, programs, {
    rounds: roundsOf(options, benchCase.shape),
    profile: options.profile,
    say: (text) => say(`${title}: ${text}`),
  })
}

/** TensorFlow reads its environment when the process starts; its greetings are not wanted here. */
function engineProcessEnvironment(): NodeJS.ProcessEnv {
  const pack = findPack(dataFolder())
  const env = engineEnvironment(pack, { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env })
  return { ...env, DPLSTUDIO_RUNTIME: pack.folder }
}

/** The Python that the bootstrap prepared, if it can be used. */
function findPyTorch(): { python: string; missing: null } | { python: null; missing: string } {
  const python = process.env['DPLSTUDIO_PYTHON']
  const hint =
    'Start with `npm run bench`, which prepares it where Python 3.10 or newer is installed, or set DPLSTUDIO_PYTHON ' +
    'to a Python that has torch and numpy.'
  if (python === undefined || python === '')
    return { python: null, missing: `no Python for it was prepared (DPLSTUDIO_PYTHON is not set). ${hint}` }
  try {
    execFileSync(python, ['-c', 'import torch, numpy'], { stdio: ['ignore', 'ignore', 'pipe'] })
    return { python, missing: null }
  } catch (thrown) {
    const [reason] = (thrown instanceof Error ? thrown.message : String(thrown)).trim().split('\n').slice(-1)
    return { python: null, missing: `${python} cannot use it (${reason ?? ''}). ${hint}` }
  }
}

/** Ours failed, or somebody computes something else. PyTorch out of memory is a finding, not a failure. */
function isWrong({ measured }: CaseResult): boolean {
  const differs = Object.values(measured).some(({ agreement }) => agreement !== null && !agree(agreement))
  return differs || measured.ours?.problem != null
}

function write(options: Options, findings: Findings): void {
  const markdown = markdownReport(findings)
  const json = `${JSON.stringify(jsonReport(findings), null, 2)}\n`
  if (options.markdown !== null) writeFileSync(options.markdown, markdown)
  if (options.json !== null && options.json !== '-') writeFileSync(options.json, json)
  process.stdout.write(options.json === '-' ? json : markdown)
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
}
