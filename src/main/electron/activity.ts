import type { Api } from '#shared/contract'
import type { Run, RunProgress } from '#shared/schemas/run-record'

/** What the program is at work on, as the desktop around it wants to know. */
export interface Activity {
  /** runs that have been started and not ended, in the order of their start */
  runs(): Run[]
  /** of the run that has the engine, in 0..1; null while nothing is known */
  progress(): number | null
  /** called whenever one of the above may have changed */
  onChange(listener: () => void): void
  /** called once for every run that has ended or cannot go on */
  onEnd(listener: (run: Run) => void): void
}

/** Follows the contract's events, so that it knows what any other client knows. */
export function followActivity(api: Api): Activity {
  const active = new Map<string, Run>()
  const changeListeners = new Set<() => void>()
  const endListeners = new Set<(run: Run) => void>()
  let told: RunProgress | null = null
  let held = false

  const changed = () => {
    for (const listener of changeListeners) listener()
  }
  const take = (run: Run) => {
    if (run.status === 'running' || run.status === 'queued') {
      active.set(run.id, run)
      return
    }
    if (!active.delete(run.id)) return
    if (told?.runId === run.id) told = null
    for (const listener of endListeners) listener(run)
  }

  api.on('run/changed', (run) => {
    take(run)
    changed()
  })
  api.on('run/deleted', ({ id }) => {
    active.delete(id)
    changed()
  })
  api.on('run/progress', (progress) => {
    told = progress
    changed()
  })
  api.on('queue/changed', (queue) => {
    held = queue.held
    changed()
  })
  // Runs of this program are heard of as they start; the list is for those that were started before.
  void Promise.allSettled([
    api.request('runs/list', {}).then((runs) => runs.forEach(take)),
    api.request('runs/queue', {}).then((queue) => (held = queue.held)),
  ]).then(changed)

  return {
    // What waits in a queue that is held does not go on by itself, and is still there after the next start.
    runs: () => [...active.values()].filter(({ status }) => status === 'running' || !held),
    progress: () => (told === null ? null : shareOf(told)),
    onChange: (listener) => void changeListeners.add(listener),
    onEnd: (listener) => void endListeners.add(listener),
  }
}

/** How much of its stage is done. */
function shareOf({ done, total }: RunProgress): number {
  return total > 0 ? Math.min(1, done / total) : 0
}
