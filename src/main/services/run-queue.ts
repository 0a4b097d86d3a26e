import type { SerializedError } from '#shared/errors'
import type { RunQueue } from '#shared/schemas/queue'

/** The order in which runs get the engine, and whether the next one may have it. */
export interface QueueState extends Omit<Readonly<RunQueue>, 'waiting'> {
  readonly waiting: readonly string[]
  /** what the last run that ended failed with; null when it did not fail */
  readonly lastFailure: Pick<SerializedError, 'code' | 'message'> | null
}

export const emptyQueue: QueueState = {
  running: null,
  waiting: [],
  held: false,
  reason: null,
  lastFailure: null,
}

/** A run at the end of the queue. */
export function enqueue(queue: QueueState, id: string): QueueState {
  return { ...queue, waiting: [...queue.waiting, id] }
}

/** Takes a waiting run out. */
export function withdraw(queue: QueueState, id: string): QueueState {
  return { ...queue, waiting: queue.waiting.filter((other) => other !== id) }
}

/** Puts a waiting run at another place, 0 being the next to start; beyond the end means the end. */
export function move(queue: QueueState, id: string, position: number): QueueState {
  if (!queue.waiting.includes(id)) return queue
  const others = queue.waiting.filter((other) => other !== id)
  return { ...queue, waiting: others.toSpliced(position, 0, id) }
}

/** Lets nothing new start, or lets it start again; a release forgets what held it. */
export function hold(queue: QueueState, held: boolean): QueueState {
  return { ...queue, held, reason: null, lastFailure: held ? queue.lastFailure : null }
}

/** Gives the engine to the next run, if it is free and the queue is not held. */
export function startNext(queue: QueueState): QueueState {
  const [next, ...waiting] = queue.waiting
  return queue.running !== null || queue.held || next === undefined
    ? queue
    : { ...queue, running: next, waiting }
}

/**
 * The running run has ended. A failure does not stop the others, unless the user wants that or the run before it
 * failed in the same way: then something is wrong that the next run will meet too.
 */
export function runEnded(
  queue: QueueState,
  run: { name: string; error: SerializedError | null },
  { pauseOnFailure }: { pauseOnFailure: boolean },
): QueueState {
  const free = { ...queue, running: null, lastFailure: run.error }
  const reason =
    run.error === null ? null : reasonToHold(run.name, run.error, queue.lastFailure, pauseOnFailure)
  return reason === null || queue.held ? free : { ...free, held: true, reason }
}

function reasonToHold(
  name: string,
  error: SerializedError,
  before: QueueState['lastFailure'],
  pauseOnFailure: boolean,
): string | null {
  if (before !== null && sameFailure(error, before))
    return `Two runs in a row failed in the same way: ${firstLine(error.message)}`
  return pauseOnFailure ? `${name} failed: ${firstLine(error.message)}` : null
}

/** What follows the first line are last words of the engine, with times and addresses of their own. */
function sameFailure(
  a: NonNullable<QueueState['lastFailure']>,
  b: NonNullable<QueueState['lastFailure']>,
): boolean {
  return a.code === b.code && firstLine(a.message) === firstLine(b.message)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}
