// The PyTorch tests: an environment of their own, made once per list of requirements.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './process.mjs'
import { cache, cli, digest, fail, readStamp, root, timed, toolEnvironment, toolNode } from './setup.mjs'

const requirements = join(root, 'tests', 'reference', 'requirements.txt')
const environment = join(cache, 'reference-python')
/** The interpreter of that environment. */
export const python =
  process.platform === 'win32'
    ? join(environment, 'Scripts', 'python.exe')
    : join(environment, 'bin', 'python')

/** Creates the Python environment, when its requirements have changed since the last time. */
export async function preparePython() {
  if (!existsSync(requirements)) fail(`${requirements} is missing.`)
  const stamp = join(environment, '.stamp')
  const wanted = digest([requirements])
  if (existsSync(python) && readStamp(stamp) === wanted) return
  await timed('preparing Python for the reference tests (PyTorch: up to several GB, minutes)', async () => {
    rmSync(environment, { recursive: true, force: true })
    mkdirSync(cache, { recursive: true })
    await quietly(
      await findPython(),
      ['-m', 'venv', environment],
      'Python cannot make an environment. Debian, Ubuntu: apt install python3-venv',
    )
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--prefer-binary']
    await quietly(
      python,
      [...install, '-r', requirements],
      'pip could not install the requirements of the reference tests.',
    )
    writeFileSync(stamp, wanted)
  })
}

/** Runs the reference tests against the built command line. @param {string[]} args further arguments of pytest */
export function runReferenceTests(args) {
  const env = {
    ...toolEnvironment(),
    DPLSTUDIO_CLI: cli,
    DPLSTUDIO_NODE: toolNode(),
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const pytest = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', join('tests', 'reference')]
  return run(python, [...pytest, ...args], { env })
}

/** Shows what the program said only when it fails. */
async function quietly(command, args, complaint) {
  const output = []
  if ((await run(command, args, { collect: (text) => output.push(text) })) !== 0)
    fail(`${complaint}\n${output.join('')}`)
}

async function findPython() {
  const isNewEnough = 'import sys; sys.exit(sys.version_info < (3, 11))'
  for (const command of ['python3', 'python']) {
    if ((await run(command, ['-c', isNewEnough], { collect: () => undefined })) === 0) return command
  }
  return fail(
    'the reference tests compare with PyTorch and need Python 3.11 or newer, which is not here. Debian, Ubuntu: apt install python3-venv',
  )
}
