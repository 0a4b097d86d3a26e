import type { ChildProcess, Serializable } from 'node:child_process'
import { AppError } from '#shared/errors'
import type { Port } from '#shared/rpc'

/** This process's end of the pipe to the process that started it with `fork`. Closed when that one is gone. */
export function parentPort(): Port {
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
