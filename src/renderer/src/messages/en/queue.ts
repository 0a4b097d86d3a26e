import type { Help } from '../help.ts'

/** Texts of queue. */
export const queue = {
  title: 'Queue',
  description: 'One run has the engine at a time; the others wait in this order.',
  running: 'Running',
  waiting: 'Waiting',
  finished: 'Ended lately',
  nothingRunning: 'Nothing is running.',
  empty: 'Nothing waiting',
  emptyText:
    'Runs that are started while another one has the engine wait here, and can be put in another order.',
  newRun: 'New run…',
  hold: 'Hold the queue',
  release: 'Release the queue',
  held: 'The queue is held: nothing new is started until it is released.',
  order: 'Order of the waiting runs',
  drag: (name: string) => `Drag ${name} to another place`,
  up: (name: string) => `Move ${name} up`,
  down: (name: string) => `Move ${name} down`,
  moved: (name: string, place: number, of: number) => `${name} is now ${place} of ${of}`,
  remove: (name: string) => `Remove ${name} from the queue`,
  removeQuestion: (name: string) => `Remove “${name}” from the queue?`,
  removeConsequence:
    'The run is cancelled before it has begun. It stays in the list of runs and can be resumed.',
  removeAction: 'Remove from the queue',
  stopOnFailure: 'A failure stops the queue',
  stopOnFailureHelp: 'Off: the next run starts even when one has failed.',
  estimatedStart: (time: string) => `starts about ${time}`,
  next: 'starts next',
  startUnknown: 'start not known yet',
  takes: (time: string) => `takes about ${time}`,
  open: 'Open',
  keys: 'Alt+↑ and Alt+↓ move the run that has the focus; Delete removes it.',
}

/** Help, by the name of the route. */
export const queueHelp: Readonly<Record<string, Help>> = {
  queue: {
    title: 'Queue',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'One run at a time has the engine. What is started meanwhile waits here, and takes its turn in this order.',
          'A failed run does not stop the ones behind it, unless you switch that on.',
        ],
      },
      {
        heading: 'Words',
        lines: [
          'Hold: the run that is going goes on, and nothing new is started.',
          'The estimated start adds up what the runs before are expected to take on this machine.',
        ],
      },
      {
        heading: 'Keys',
        lines: ['Alt+↑ and Alt+↓ move a waiting run, Delete removes it, Enter opens it.'],
      },
    ],
  },
}
