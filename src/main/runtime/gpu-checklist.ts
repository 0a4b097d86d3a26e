import type { SerializedError } from '#shared/errors'
import type { MachineCheck } from '#shared/schemas/machine'
import type { EngineDescription } from '#shared/schemas/results'
import type { CardFindings, GraphicsCard } from './graphics-card.ts'
import type { PackName } from './sources.ts'

/** What the engine has said about itself, or why it has not. */
export type EngineFindings =
  | { readonly state: 'described'; readonly description: EngineDescription }
  | { readonly state: 'failed'; readonly problem: SerializedError }
  /** It has other work and cannot be asked. `usingGpu` is null when it has not told. */
  | { readonly state: 'busy'; readonly usingGpu: boolean | null }

/** All that decides whether training runs on the card. */
export interface GpuFindings {
  readonly platform: NodeJS.Platform
  /** the settings ask for the processor */
  readonly forcedCpu: boolean
  /** the variable CUDA_VISIBLE_DEVICES of this process */
  readonly visibleDevices: string | undefined
  readonly cards: CardFindings
  /** null: no usable pack */
  readonly pack: PackName | null
  /** CUDA libraries that the pack asks for and the loader would not find */
  readonly missingLibraries: readonly string[]
  readonly engine: EngineFindings
}

/** "Why not CUDA?", in the order in which things must hold. After the first failure the rest is not looked at. */
export function gpuChecklist(findings: GpuFindings): MachineCheck[] {
  let failed: string | null = null
  return questions.map(({ id, title, answer }) => {
    if (failed !== null) return skipped(id, title, `Waits for: ${failed}`)
    const check = { id, title, ...answer(findings) }
    if (check.state === 'failed') failed = title
    return check
  })
}

/** The first thing that keeps training off the card; null when nothing does. */
export function firstFailure(checks: readonly MachineCheck[]): MachineCheck | null {
  return checks.find(({ state }) => state === 'failed') ?? null
}

type Answer = Pick<MachineCheck, 'state' | 'detail' | 'remedy'>

interface Question {
  readonly id: string
  readonly title: string
  readonly answer: (findings: GpuFindings) => Answer
}

/** The first drivers that can serve CUDA 12, and CUDA 11.2. */
const OLDEST_DRIVER = { cuda12: [525, 60, 13], official: [450, 80, 2] } as const

/** The smallest CLIP with its prompts, batches and the libraries' own work space. */
const ENOUGH_CARD_MEMORY = 2e9

const questions: readonly Question[] = [
  { id: 'allowed', title: 'Cards may be used', answer: mayBeUsed },
  { id: 'card', title: 'An NVIDIA card is there', answer: cardIsThere },
  { id: 'driver', title: "NVIDIA's driver answers", answer: driverAnswers },
  { id: 'driver-version', title: 'The driver is new enough', answer: driverIsNewEnough },
  { id: 'pack', title: 'A runtime pack with CUDA is installed', answer: packHasCuda },
  { id: 'libraries', title: 'The CUDA libraries are found', answer: librariesAreFound },
  { id: 'engine', title: 'The binding loads and the engine starts', answer: engineStarts },
  { id: 'tensorflow', title: 'TensorFlow uses the card', answer: tensorFlowUsesCard },
  { id: 'arithmetic', title: 'Multiplication and gradient are right', answer: arithmeticIsRight },
  { id: 'memory', title: 'There is free memory on the card', answer: memoryIsFree },
]

function mayBeUsed({ forcedCpu, visibleDevices }: GpuFindings): Answer {
  if (forcedCpu)
    return failed(
      'The settings ask for the processor.',
      'Switch "Use the processor only" off in the settings, under Compute.',
    )
  if (visibleDevices !== undefined && /^(-|$)/.test(visibleDevices.trim()))
    return failed(
      `CUDA_VISIBLE_DEVICES is "${visibleDevices}", which hides every card.`,
      'Remove that variable and start the program again.',
    )
  return passed(
    visibleDevices === undefined ? 'Nothing hides them.' : `CUDA_VISIBLE_DEVICES is "${visibleDevices}".`,
  )
}

function cardIsThere({ platform, cards: { cards, onBus, driverLoaded, complaint } }: GpuFindings): Answer {
  if (platform === 'darwin')
    return failed(
      'TensorFlow has no GPU support for macOS.',
      'Train on Linux, or let the processor do it, more slowly.',
    )
  if (cards.length > 0) return passed(cards.map(({ name }) => name).join(', '))
  // Where the bus cannot be looked at, the driver or its tool tells that there is one.
  if (onBus || driverLoaded || complaint !== null) return passed('There is one; its driver will tell which.')
  return failed(
    'No NVIDIA card was found.',
    'Everything works on the processor, more slowly. TensorFlow for Node supports no other cards.',
  )
}

function driverAnswers({ cards: { cards, complaint } }: GpuFindings): Answer {
  if (complaint !== null)
    return failed(
      `It does not answer: ${complaint}`,
      'Restart the machine; if that does not help, install the driver again.',
    )
  if (cards.length === 0)
    return failed(
      'The driver is missing or incomplete (no nvidia-smi).',
      `Install NVIDIA's driver, ${OLDEST_DRIVER.cuda12.join('.')} or newer. No CUDA has to be installed.`,
    )
  return passed(`Driver ${driverOf(cards)}`)
}

function driverIsNewEnough({ cards: { cards }, pack }: GpuFindings): Answer {
  const driver = driverOf(cards)
  const [cuda, oldest] =
    pack === 'official' ? ['CUDA 11.2', OLDEST_DRIVER.official] : ['CUDA 12', OLDEST_DRIVER.cuda12]
  if (!isOlder(driver, oldest)) return passed(`Driver ${driver} serves ${cuda}.`)
  return failed(
    `Driver ${driver} is too old for ${cuda}.`,
    `Update the driver to ${oldest.join('.')} or newer. No CUDA has to be installed.`,
  )
}

function packHasCuda({ pack }: GpuFindings): Answer {
  if (pack !== null && pack !== 'cpu') return passed(`Runtime pack ${pack}`)
  return failed(
    pack === null ? 'No runtime pack is installed.' : 'Runtime pack cpu works on the processor only.',
    'Install the pack for the card in the settings, or with: dplstudio runtime install cuda12 (fetches 3.3 GB)',
  )
}

function librariesAreFound({ missingLibraries, pack }: GpuFindings): Answer {
  if (missingLibraries.length === 0) return passed('All that TensorFlow asks for')
  return failed(
    `Missing: ${missingLibraries.join(', ')}`,
    pack === 'official'
      ? 'Install CUDA 11.2 and cuDNN 8.1 on this system, or the runtime pack cuda12, which brings its own.'
      : 'Install the pack again in the settings, or with: dplstudio runtime install cuda12 --reinstall',
  )
}

function engineStarts({ engine }: GpuFindings): Answer {
  if (engine.state === 'failed')
    return failed(engine.problem.message, engine.problem.hint ?? 'The end of the log says more.')
  return passed(
    engine.state === 'busy'
      ? 'The engine is at work.'
      : `TensorFlow ${engine.description.tensorflowVersion}, binding ${engine.description.bindingVersion}`,
  )
}

function tensorFlowUsesCard({ engine }: GpuFindings): Answer {
  if (engine.state === 'described' && !engine.description.usingGpu)
    return failed(
      'TensorFlow has found no card it can use.',
      'The log of the engine, in the folder logs of the data folder, says what it missed.',
    )
  if (engine.state === 'described') return passed(engine.description.deviceName ?? 'A card')
  if (engine.state === 'busy' && engine.usingGpu === true) return passed('The engine is at work on it.')
  return laterOn()
}

function arithmeticIsRight({ engine }: GpuFindings): Answer {
  if (engine.state !== 'described') return laterOn()
  const wrong = engine.description.selfTest.filter((test) => !test.passed)
  if (wrong.length > 0)
    return failed(
      wrong.map(({ name, detail }) => `${name} is wrong: ${detail}`).join('; '),
      'Update the driver; until it is right, force the processor in the settings: runs on this card are worthless.',
    )
  return passed(engine.description.selfTest.map(({ name, detail }) => `${name}: ${detail}`).join('; '))
}

function memoryIsFree({ cards: { cards }, engine }: GpuFindings): Answer {
  const { freeBytes, memoryBytes } = cards.reduce((most, card) =>
    card.freeBytes > most.freeBytes ? card : most,
  )
  const detail = `${gigabytes(freeBytes)} of ${gigabytes(memoryBytes)} free`
  if (freeBytes >= ENOUGH_CARD_MEMORY || engine.state === 'busy') return passed(detail)
  return {
    state: 'warning',
    detail,
    remedy: 'End other programs that use the card, or choose small batches.',
  }
}

function passed(detail: string): Answer {
  return { state: 'passed', detail, remedy: null }
}

function failed(detail: string, remedy: string): Answer {
  return { state: 'failed', detail, remedy }
}

function laterOn(): Answer {
  return { state: 'skipped', detail: 'The engine is busy; it is asked when it is free.', remedy: null }
}

function skipped(id: string, title: string, detail: string): MachineCheck {
  return { id, title, state: 'skipped', detail, remedy: null }
}

/** All cards of a machine share one driver. */
function driverOf(cards: readonly GraphicsCard[]): string {
  return cards[0]!.driver
}

function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10))
  const at = than.findIndex((number, index) => (parts[index] ?? 0) !== number)
  return at !== -1 && (parts[at] ?? 0) < than[at]!
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
