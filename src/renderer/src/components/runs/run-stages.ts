import type { RunKind, Stage } from '#shared/schemas/run'

const stages: Readonly<Record<RunKind, readonly Stage[]>> = {
  'zero-shot': ['prepare', 'zero-shot'],
  search: ['prepare', 'zero-shot', 'search', 'evaluate'],
  train: ['prepare', 'zero-shot', 'train', 'evaluate'],
  'search-and-train': ['prepare', 'zero-shot', 'search', 'train', 'evaluate'],
}

/** What a run of a kind goes through, in order. */
export function stagesOf(kind: RunKind): readonly Stage[] {
  return stages[kind]
}
