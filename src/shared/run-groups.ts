import type { Run, RunRequest } from './schemas/run-record.ts'

type Grouped = Pick<Run, 'kind' | 'config' | 'datasetId' | 'datasetFingerprint' | 'modelId'>

/** Runs that differ in nothing but the seed. */
export interface RunGroup<Member> {
  readonly key: string
  readonly runs: readonly Member[]
}

/** What two runs have in common that differ in nothing but the seed: data, CLIP, kind and configuration. */
export function groupKey({ kind, config, datasetId, datasetFingerprint, modelId }: Grouped): string {
  const data = datasetFingerprint === '' ? datasetId : datasetFingerprint
  return JSON.stringify([data, modelId, kind, inOrder({ ...config, seed: 0 })])
}

/** The groups in the order of their first runs, every run in exactly one. */
export function groupRuns<Member extends Grouped>(runs: readonly Member[]): RunGroup<Member>[] {
  const groups = new Map<string, Member[]>()
  for (const run of runs) {
    const key = groupKey(run)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [run])
    else group.push(run)
  }
  return [...groups].map(([key, members]) => ({ key, runs: members }))
}

/** The same with another seed. A name that is given says which one it is. */
export function withSeed(request: RunRequest, seed: number): RunRequest {
  const config = { ...request.config, seed }
  return request.name === undefined
    ? { ...request, config }
    : { ...request, config, name: `${request.name}, seed ${seed}`.slice(0, 200) }
}

/** The same fields in the same order, however they were put together. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([key, inner]) => [key, inOrder(inner)]))
}
