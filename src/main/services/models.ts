import { existsSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Emit, ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import { RegisteredModel, STARTER_MODEL } from '#shared/schemas/registered-model'
import type { Task } from '#shared/schemas/task'
import type { ModelsRepository } from '#main/db/models-repository'
import type { EngineHost } from '#main/engine-host/engine-host'
import { readJson, writeJson } from '#main/files'
import type { JobModel } from '#main/run-folder'
import { runEngineJob } from './engine-jobs.ts'
import { freeName, slug } from './names.ts'
import type { TaskContext, Tasks } from './tasks.ts'

export interface ModelsParts {
  repository: ModelsRepository
  /** where the records of the models are kept */
  folder: string
  /** the CLIP that ships with the program */
  starterPath: string
  engine: EngineHost
  tasks: Tasks
  emit: Emit
  now: () => Date
}

/** CLIP weights, registered where they lie. */
export function createModels({ repository, folder, starterPath, engine, tasks, emit, now }: ModelsParts) {
  const fileOf = (id: string) => join(folder, `${id}.json`)

  function store(model: RegisteredModel): RegisteredModel {
    writeJson(fileOf(model.id), model)
    repository.save(model)
    emit('model/changed', model)
    return model
  }

  async function register(
    context: TaskContext,
    path: string,
    identity: { id?: string; name?: string | undefined },
  ) {
    const { architecture, digest, source, sizeBytes } = await runEngineJob(engine, context, {
      kind: 'inspect-model',
      path,
    })
    const before = repository.findByPath(path)
    const name = identity.name ?? before?.name ?? basename(path)
    const isTaken = (id: string) => id === STARTER_MODEL || repository.has(id)
    const id = identity.id ?? before?.id ?? freeName(slug(name), isTaken)
    const importedAt = before?.digest === digest ? before.importedAt : now().toISOString()
    return store(
      RegisteredModel.parse({ id, name, path, source, digest, sizeBytes, architecture, importedAt }),
    )
  }

  return {
    list: (): RegisteredModel[] => repository.list(),
    get: (id: string): RegisteredModel => repository.get(id),
    find: (path: string): RegisteredModel | null => repository.findByPath(resolve(path)),

    import: ({ path, name }: ParsedInput<'models/import'>): Task =>
      tasks.start('model-import', async (context) => ({
        kind: 'model-import',
        model: await register(context, resolve(path), { name }),
      })),

    /** Registers weights as part of a longer task. */
    registerFile: (context: TaskContext, path: string, name: string): Promise<RegisteredModel> =>
      register(context, path, { name }),

    rename: ({ id, name }: { id: string; name: string }): RegisteredModel =>
      store({ ...repository.get(id), name }),

    /** Registers the CLIP that ships with the program, as it is now: an update may have brought a better one. */
    registerStarter: (): Task =>
      tasks.start('model-import', async (context) => {
        if (!existsSync(starterPath))
          throw new AppError('not-found', `The starter model is missing: there is no ${starterPath}`, {
            hint: 'Install the program again, or give another CLIP with --model.',
          })
        const identity = { id: STARTER_MODEL, name: 'Starter CLIP' }
        return { kind: 'model-import', model: await register(context, starterPath, identity) }
      }),

    verify: ({ id }: { id: string }): Task => {
      const model = repository.get(id)
      return tasks.start('model-verify', async (context) => {
        const { digest } = await runEngineJob(engine, context, { kind: 'inspect-model', path: model.path })
        return { kind: 'model-verify', model, foundDigest: digest, passed: digest === model.digest }
      })
    },

    /** Forgets a model. Its files stay. */
    remove(id: string): void {
      repository.get(id)
      rmSync(fileOf(id), { force: true })
      repository.delete(id)
      emit('model/removed', { id })
    },

    /** What a job of the engine needs to know of a model. */
    forJob: (id: string): JobModel => toJobModel(repository.get(id)),

    /** The model that prompts were made for, by the digest of its weights. */
    forDigest(digest: string): JobModel {
      const model = repository.findByDigest(digest)
      if (model === null)
        throw new AppError('model-mismatch', `No registered CLIP has the weights ${digest.slice(0, 12)}...`, {
          hint: 'Register the CLIP the prompts were made for: dplstudio model import <folder>',
        })
      return toJobModel(model)
    },

    /** Reads a record back into the index. Returns the id. */
    index(path: string): string {
      const model = readJson(path, RegisteredModel)
      repository.save(model)
      return model.id
    },

    /** Drops what is in the index but not among `ids`. */
    keepOnly(ids: ReadonlySet<string>): void {
      for (const { id } of repository.list()) if (!ids.has(id)) repository.delete(id)
    },
  }
}

export type Models = ReturnType<typeof createModels>

function toJobModel({ id, name, path, digest }: RegisteredModel): JobModel {
  if (!existsSync(path))
    throw new AppError('not-found', `The weights of ${name} are missing: there is no ${path}`, {
      hint: 'Mount the drive they are on, or register them again: dplstudio model import <folder>',
    })
  return { id, name, path, digest }
}
