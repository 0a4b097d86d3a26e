import type { Help } from '../help.ts'

/** Texts of models. */
export const models = {
  title: 'Models',
  description: 'CLIP weights that runs start from. They stay where they are on disk.',
  import: 'Import weights',
  importTitle: 'Import CLIP weights',
  importText:
    'A folder or safetensors file of Hugging Face or open_clip, or a .pt file of OpenAI. No code in a file is ever run.',
  folder: 'Folder with the weights',
  file: 'Weight file',
  useFile: 'I have a single file',
  useFolder: 'I have a folder',
  name: 'Name',
  nameHelp: 'Empty: that of the folder.',
  importAction: 'Import',
  imported: (name: string) => `“${name}” was imported.`,
  starter: 'Use the CLIP that comes with the program',
  emptyTitle: 'No weights yet',
  emptyText:
    'A small CLIP comes with the program and is enough to see how everything works. For results like those of the paper, bring CLIP ViT-B/16.',
  facts: {
    layers: 'Layers',
    layersText: (text: number, image: number) => `${text} text, ${image} image`,
    width: 'Width',
    widthText: (text: number, image: number) => `${text} text, ${image} image`,
    patch: 'Patch',
    patchText: (patch: number) => `${patch} × ${patch} pixels`,
    input: 'Input',
    inputText: (size: number) => `${size} × ${size} pixels`,
    parameters: 'Parameters',
    disk: 'On disk',
    source: 'Written by',
    digest: 'Digest',
    path: 'Where',
    imported: 'Imported',
  },
  sources: { huggingface: 'Hugging Face transformers', open_clip: 'open_clip', openai: 'OpenAI' },
  million: (count: string) => `${count} million`,
  verify: 'Verify',
  verifyTitle: 'Read the files again and compare them with what was imported',
  verified: 'The weights are those that were imported.',
  differs: (found: string) =>
    `The weights have changed since they were imported (now ${found}). Import them again to use them; earlier runs name the old ones.`,
  unavailable: 'not available now',
  reveal: 'Show in the file manager',
  rename: 'Rename…',
  renameTitle: 'Rename the model',
  remove: 'Remove from the list…',
  removeQuestion: (name: string) => `Remove “${name}” from the list?`,
  removeConsequence:
    'The weight files stay where they are. Runs that used it need it again before they can go on.',
  removeAction: 'Remove from the list',
  removed: (name: string) => `“${name}” was removed from the list.`,
  menu: (name: string) => `What to do with ${name}`,
  known: 'Weights to fetch',
  knownText: 'Known weights, with the checksum they must have.',
  networkOff:
    'The network is off, so nothing is fetched. Allow it in Settings, or fetch the file on another machine, bring it here, and import it.',
  toSettings: 'Network settings',
  host: 'Host',
  size: 'Size',
  licence: 'Licence',
  sha256: 'SHA-256',
  fileName: 'File',
  copyDetails: 'Copy name, size and checksum',
  details: (file: string, size: string, bytes: number, sha256: string, url: string) =>
    `${file}\n${size} (${bytes} bytes)\nSHA-256 ${sha256}\n${url}`,
  download: (size: string) => `Download (${size})`,
  continue: (left: string) => `Continue (${left} left)`,
  partial: (done: string, total: string) => `${done} of ${total} are here.`,
  here: 'In the list',
  downloaded: (name: string) => `“${name}” was downloaded, checked and imported.`,
}

/** Help, by the name of the route. */
export const modelsHelp: Readonly<Record<string, Help>> = {
  models: {
    title: 'Models',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'Runs start from CLIP weights, which are never changed: a run learns prompts that are added to its layers. Weights are registered where they lie and are not copied.',
        ],
      },
      {
        heading: 'What the words mean',
        lines: [
          'Layers: each branch of CLIP, text and image, is a stack of transformer layers. The search chooses a prompt length for each of them.',
          'Patch: the image branch cuts a picture into squares of this size. Smaller squares see more and cost more.',
          'Digest: a checksum of the weights. Runs and exports name it, so that they are never used with other weights.',
        ],
      },
      {
        heading: 'Without a network',
        lines: [
          'Fetch the file on another machine, bring it here, and choose Import weights. Its name, size and checksum are listed under Weights to fetch.',
        ],
      },
      { heading: 'Keys', lines: ['Ctrl/Cmd+I import weights'] },
    ],
  },
}
