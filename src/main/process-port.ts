import type { ChildProcess, Serializable } from 'node:child_process'
import { AppError } from '#shared/errors'
import type { Port } from '#shared/rpc'

/** Tells a utility process that its parent expects nothing more of it; theirs is a pipe that cannot be closed. */
export const CLOSE_UTILITY = 'dplstudio:close'

/** What Electron gives a utility process to talk with. */
interface UtilityEnd {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown
  off(event: 'message', listener: (event: { data: unknown }) => void): unknown
}

/** This process's end of the pipe to the process that started it. Closed when that one is gone. */
export function parentPort(): Port {
  const { parentPort: utility } = process as { parentPort?: UtilityEnd }
  if (utility != null) return utilityParentPort(utility)
  if (process.send === undefined)
    throw new AppError('internal', 'This program is started by DPL Studio, not by hand', {
      hint: 'Use the dplstudio command.',
    })
  return portOver(process)
}

/** The end of the process that called `fork`. Closed when the child is gone. */
export function childPort(child: ChildProcess): Port {
  return portOver(child)
}

/** Electron itself ends a utility process whose parent has died. */
function utilityParentPort(end: UtilityEnd): Port {
  return {
    post: (message) => end.postMessage(message),
    listen(listener) {
      const take = ({ data }: { data: unknown }) => {
        if (data !== CLOSE_UTILITY) listener(data)
      }
      end.on('message', take)
      return () => end.off('message', take)
    },
    onClose: (listener) =>
      void end.on('message', ({ data }) => {
        if (data === CLOSE_UTILITY) listener()
      }),
    close: () => process.exit(0),
  }
}

function portOver(end: NodeJS.Process | ChildProcess): Port {
  const emitter: NodeJS.EventEmitter = end
  return {
    post(message) {
      // A message to a process that has just gone is lost, as it is when that process dies a moment later.
      if (end.connected) end.send?.(message as Serializable, undefined, undefined, () => undefined)
    },
    listen(listener) {
      emitter.on('message', listener)
      return () => emitter.off('message', listener)
    },
    onClose(listener) {
      if (end.connected) emitter.once('disconnect', listener)
      else listener()
    },
    close() {
      if (end.connected) end.disconnect()
    },
  }
}
