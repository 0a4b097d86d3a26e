import type { RegisteredModel } from '#shared/schemas/registered-model'
import type { Command, CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { runTask } from '../follow.ts'
import { bytes } from '../format.ts'
import { selectModel } from '../select.ts'
import { table } from '../table.ts'

const importModel: Command = {
  name: 'model import',
  summary: 'Register CLIP weights where they lie: a Hugging Face folder, an open_clip or OpenAI file',
  usage: '<folder or file> [--name <name>]',
  positionals: [1, 1],
  options: { name: { type: 'string', value: 'name', help: 'what to call it; else the name of the folder' } },
  examples: ['model import ./clip-vit-base-patch16', 'model import ViT-B-16.pt --name "OpenAI B/16"'],
  access: 'write',
  async run(context, args) {
    const input = { path: args.positionals[0]!, ...optionalName(args.text('name')) }
    const { model } = await runTask(context, 'model-import', () =>
      context.api.request('models/import', input),
    )
    return { json: model, text: describe(model) }
  },
}

const list: Command = {
  name: 'model list',
  summary: 'List the registered CLIPs. "starter", which ships with the program, is always there',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['model list', 'model list --json'],
  access: 'read',
  async run({ api }) {
    const models = await api.request('models/list', {})
    const rows = models.map(({ id, name, architecture: { image }, sizeBytes, path }) => [
      id,
      name,
      `${image.depth} layers, patch ${image.patchSize}, ${image.imageSize} px`,
      bytes(sizeBytes),
      path,
    ])
    return {
      json: models,
      text:
        rows.length === 0
          ? 'None yet, apart from "starter", which is registered when it is first used.\nRegister one: dplstudio model import <folder>'
          : table(rows),
    }
  },
}

const verify: Command = {
  name: 'model verify',
  summary: 'Check that the weights are still those that were registered',
  usage: '<model>',
  positionals: [1, 1],
  options: {},
  examples: ['model verify starter'],
  access: 'write',
  async run(context, { positionals }) {
    const { id } = await selectModel(context, positionals[0])
    const { model, foundDigest, passed } = await runTask(context, 'model-verify', () =>
      context.api.request('models/verify', { id }),
    )
    return {
      json: { model, foundDigest, passed },
      text: passed
        ? `${model.name}: unchanged, ${foundDigest}`
        : `${model.name} has CHANGED since it was registered.\n  then ${model.digest}\n  now  ${foundDigest}`,
      exitCode: passed ? exitCodes.ok : exitCodes.verificationFailed,
    }
  },
}

const download: Command = {
  name: 'model download',
  summary: 'List the published weights that can be fetched, or fetch one of them and register it',
  usage: '[<id>]',
  positionals: [0, 1],
  options: {},
  examples: ['model download', 'model download openai-vit-b-16'],
  access: 'write',
  async run(context, { positionals: [id] }) {
    if (id === undefined) return await listKnown(context)
    // Whoever types this wants it; a download that was cut short goes on where it ended.
    const { model } = await runTask(context, 'model-import', () =>
      context.api.request('models/download', { id, consent: true }),
    )
    return { json: model, text: describe(model) }
  },
}

async function listKnown({ api }: CommandContext): Promise<Outcome> {
  const known = await api.request('models/known', {})
  const rows = known.map(({ id, name, sizeBytes, host, licence, registeredAs, partialBytes }) => [
    id,
    name,
    bytes(sizeBytes),
    `${host}, ${licence}`,
    registeredAs === null
      ? partialBytes > 0
        ? `${bytes(partialBytes)} are here`
        : ''
      : `registered as ${registeredAs}`,
  ])
  return { json: known, text: table(rows) }
}

const rename: Command = {
  name: 'model rename',
  summary: 'Call a registered CLIP something else. Its id stays',
  usage: '<model> <name>',
  positionals: [2, 2],
  options: {},
  examples: ['model rename clip "CLIP B/16"'],
  access: 'write',
  async run({ api }, { positionals: [wanted, name] }) {
    const { id } = await registered(api, wanted!)
    const model = await api.request('models/rename', { id, name: name! })
    return { json: model, text: describe(model) }
  },
}

const remove: Command = {
  name: 'model remove',
  summary: 'Forget a registered CLIP. Its files stay',
  usage: '<model>',
  positionals: [1, 1],
  options: {},
  examples: ['model remove clip'],
  access: 'write',
  async run({ api }, { positionals: [wanted] }) {
    const { id, path } = await registered(api, wanted!)
    await api.request('models/remove', { id })
    return { json: { removed: id }, text: `Removed ${id}. The files stay: ${path}` }
  },
}

/** Manages CLIP weights. */
export const modelCommands = [importModel, list, download, verify, rename, remove]

/** By id or name, without registering anything. */
async function registered(api: CommandContext['api'], wanted: string): Promise<RegisteredModel> {
  const known = await api.request('models/list', {})
  return (
    known.find(({ id, name }) => id === wanted || name === wanted) ??
    (await api.request('models/get', { id: wanted }))
  )
}

function describe({
  id,
  name,
  source,
  digest,
  sizeBytes,
  architecture: { text, image },
  path,
}: RegisteredModel): string {
  return table([
    ['id', id],
    ['name', name],
    ['from', `${source}, ${bytes(sizeBytes)}, ${path}`],
    [
      'image branch',
      `${image.depth} layers, width ${image.width}, patch ${image.patchSize}, ${image.imageSize} px`,
    ],
    ['text branch', `${text.depth} layers, width ${text.width}, ${text.textPositions} positions`],
    ['digest', digest],
  ])
}

function optionalName(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name }
}
