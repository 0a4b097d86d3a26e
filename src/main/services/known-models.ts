import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#shared/errors'
import type { KnownModel } from '#shared/schemas/machine'
import type { Task, TaskOutcome } from '#shared/schemas/task'
import { download, partialBytes } from '#main/network/download'
import { fileSha256 } from '#main/runtime/unpack'
import type { Models } from './models.ts'
import type { SettingsService } from './settings.ts'
import type { TaskContext, Tasks } from './tasks.ts'

/** The weights that OpenAI has published. Their addresses contain their SHA-256. */
const PUBLISHED = [
  {
    id: 'openai-vit-b-16',
    name: 'CLIP ViT-B/16 (OpenAI)',
    description: 'The CLIP of the paper: 12 layers, patches of 16 pixels.',
    file: 'ViT-B-16.pt',
    sha256: '5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f',
    sizeBytes: 350_837_078,
  },
  {
    id: 'openai-vit-b-32',
    name: 'CLIP ViT-B/32 (OpenAI)',
    description: 'Four times fewer patches: faster, a little less accurate.',
    file: 'ViT-B-32.pt',
    sha256: '40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af',
    sizeBytes: 353_976_522,
  },
] as const

const HOST = 'openaipublic.azureedge.net'

export interface KnownModelsParts {
  dataFolder: string
  models: Models
  settings: SettingsService
  tasks: Tasks
  /** where the published files are fetched from */
  source?: string
}

/** Weights that the program can fetch by itself, where the user allows it. */
export function createKnownModels(parts: KnownModelsParts) {
  const { dataFolder, models, settings, tasks, source = `https://${HOST}/clip/models` } = parts
  /** ids of tasks by what they fetch */
  const underWay = new Map<string, string>()
  const pathOf = (file: string) => join(dataFolder, 'models', 'weights', file)
  const partialOf = (file: string) => join(dataFolder, 'downloads', `${file}.part`)

  function list(): KnownModel[] {
    const registered = models.list()
    return PUBLISHED.map((published) => ({
      ...published,
      url: `${source}/${published.sha256}/${published.file}`,
      host: new URL(source).host,
      licence: 'MIT',
      registeredAs: registered.find(({ digest }) => digest === published.sha256)?.id ?? null,
      partialBytes: partialBytes(partialOf(published.file)),
    }))
  }

  async function fetchWeights(known: KnownModel, context: TaskContext): Promise<void> {
    const started = performance.now()
    await download({
      url: known.url,
      path: pathOf(known.file),
      partial: partialOf(known.file),
      sha256: known.sha256,
      signal: context.signal,
      onBytes: (done, total) => {
        const all = total ?? known.sizeBytes
        const rate = (done - known.partialBytes) / (performance.now() - started)
        const secondsLeft = rate > 0 ? (all - done) / rate / 1000 : null
        context.progress(`Fetching ${known.file} from ${known.host}`, done, all, secondsLeft)
      },
    })
  }

  async function obtain(known: KnownModel, context: TaskContext): Promise<TaskOutcome> {
    const path = pathOf(known.file)
    if (!(await isWhole(path, known.sha256))) await fetchWeights(known, context)
    context.progress('Checking the weights', 0, null)
    return { kind: 'model-import', model: await models.registerFile(context, path, known.name) }
  }

  return {
    list,

    /** Two clients who ask for the same weights get the same task: two downloads would write into one file. */
    download: ({ id, consent = false }: { id: string; consent?: boolean }): Task => {
      const known = list().find((each) => each.id === id)
      if (known === undefined) throw new AppError('not-found', `There are no known weights ${id}`)
      const present = underWay.get(id)
      if (present !== undefined) return tasks.get(present)
      if (!consent && settings.get().network === 'off') throw networkOff(known)
      const task = tasks.start('model-import', (context) =>
        obtain(known, context).finally(() => underWay.delete(id)),
      )
      underWay.set(id, task.id)
      return task
    },
  }
}

export type KnownModels = ReturnType<typeof createKnownModels>

function networkOff({ file, sizeBytes, host, sha256 }: KnownModel): AppError {
  return new AppError(
    'network-off',
    `${file} (${(sizeBytes / 1e6).toFixed(0)} MB) would come from ${host}, and the network is switched off.`,
    {
      hint: `Allow it in Settings, Network; or bring the file from another machine (SHA-256 ${sha256}) and import it.`,
    },
  )
}

async function isWhole(path: string, sha256: string): Promise<boolean> {
  return existsSync(path) && (await fileSha256(path)) === sha256
}
