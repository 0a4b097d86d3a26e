import { plural } from '../plural.ts'
import type { Help } from '../help.ts'

/** Texts of exports. */
export const exports = {
  title: (name: string) => `Export ${name}`,
  description: 'Prompts, class features and everything a program needs to use them, in one folder.',
  what: 'What is written',
  files: {
    'prompt.safetensors': 'the prompts of both branches',
    'classifier.safetensors': 'features of the classes: no text branch needed',
    'config.json': 'lengths, template, checksums of all files',
    'classes.json': 'class names in the order of the answers',
    'preprocessor_config.json': 'how pictures become input',
    'verification.json': 'answers to test pictures, to check a program against',
    'load_prompts.py': 'loader for PyTorch',
    'README.md': 'run card',
    'alpha-text.npy': 'α by epoch, text branch',
    'alpha-image.npy': 'α by epoch, image branch',
  },
  notIncluded: 'Not included: the CLIP weights',
  notIncludedText: 'They belong beside the folder when it is used. Their checksum (SHA-256):',
  noPickle:
    'Plain numbers and text: nothing in the folder is executed when it is read, except the loader that you run.',
  into: 'Make the folder in',
  intoHelp: 'A new folder with a free name is made inside; nothing is overwritten.',
  check: 'Check parity',
  checkHelp:
    'Reads the files again in a fresh process and compares its answers to test pictures with the recorded ones.',
  export: 'Export',
  exporting: 'Writing the files',
  verifying: 'Checking in a fresh process',
  done: 'Exported to',
  reveal: 'Show in the file manager',
  passed: 'Verified: same answers',
  failed: 'Not verified: other answers',
  failedText: 'The files are kept. Do not use them before you know why they answer differently.',
  tampered: 'Not verified',
  unchecked: 'Not checked',
  difference: 'Largest difference of probabilities',
  agreement: 'Share of equal answers',
  tolerance: 'Allowed difference',
  pictures: 'Test pictures',
  checkedAt: (when: string) => `checked ${when}`,
  loader: 'Use it in Python',
  loaderText:
    'With PyTorch, transformers, Pillow and safetensors. Put the folder of the CLIP in place of path/to/clip.',
  copyLoader: 'Copy code',
  earlier: 'Earlier exports of this run',
  none: 'This run has not been exported yet.',
  noOther: 'There is no other one.',
  checkAgain: 'Check again',
  checkAgainOf: (folder: string) => `Check again: ${folder}`,
  fileCount: (count: number) => plural(count, { one: '# file', other: '# files' }),
  other: 'Other runs',
  otherText: 'Only runs with trained prompts can be exported.',
  reasons: {
    'zero-shot': 'zero-shot only: it trains no prompts',
    search: 'search only: train the found prompt lengths first',
    unfinished: (status: string) => `not finished: ${status.toLowerCase()}`,
  },
  cannot: 'This run cannot be exported',
  toRun: 'Open the run',
  toResults: 'Results',
  exportOther: 'Export this one',
}

/** Help, by the name of the route. */
export const exportsHelp: Readonly<Record<string, Help>> = {
  export: {
    title: 'Export',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'Writes the trained prompts of a run to a folder of their own, and proves that the folder alone gives the same answers.',
        ],
      },
      {
        heading: 'Words',
        lines: [
          'Check parity: a fresh process reads the files, scores test pictures and compares. It also notices files that were changed later: every file has a checksum in config.json.',
          'Allowed difference: numbers of two machines differ a little in the last digits; larger differences mean different files.',
          'The folder holds a DPL export, not a LoRA: prompt vectors per layer, as they are fed to the frozen CLIP.',
        ],
      },
      {
        heading: 'Keys',
        lines: ['Ctrl+Shift+E opens this view from the results; Enter in the folder field exports.'],
      },
    ],
  },
}
