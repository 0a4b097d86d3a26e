import type { Run } from '#shared/schemas/run-record'

/** Files of every export, in the order in which they are listed. */
export const EXPORT_FILES = [
  'prompt.safetensors',
  'classifier.safetensors',
  'config.json',
  'classes.json',
  'preprocessor_config.json',
  'verification.json',
  'load_prompts.py',
  'README.md',
  'alpha-text.npy',
  'alpha-image.npy',
] as const

/** Why a run cannot be exported; null when it can. */
export type ExportObstacle = 'zero-shot' | 'search' | 'unfinished' | null

/** Only trained prompts can be exported; a run has them once they were scored. */
export function exportObstacle({ kind, status, accuracy }: Run): ExportObstacle {
  if (kind === 'zero-shot' || kind === 'search') return kind
  return status === 'finished' || accuracy !== null ? null : 'unfinished'
}

/** The files a run's export will have: one without a search has no record of alpha. */
export function exportFiles({ kind, config }: Run): (typeof EXPORT_FILES)[number][] {
  const searched = kind === 'search-and-train'
  return EXPORT_FILES.filter((file) => {
    if (file === 'alpha-text.npy') return searched && config.branches.includes('text')
    if (file === 'alpha-image.npy') return searched && config.branches.includes('image')
    return true
  })
}

/** A string of Python, whatever is in it. */
const quoted = (text: string) => JSON.stringify(text)

/** What somebody pastes to use an export. */
export function loaderCode(folder: string): string {
  return [
    'import sys',
    `sys.path.insert(0, ${quoted(folder)})`,
    '',
    'from PIL import Image',
    'from load_prompts import load',
    '',
    `clip = load(${quoted(folder)}, "path/to/clip")`,
    'probabilities = clip.class_probabilities([Image.open("picture.jpg")])',
    'print(clip.class_names[probabilities[0].argmax()])',
  ].join('\n')
}
