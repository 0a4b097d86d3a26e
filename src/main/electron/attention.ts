import { Notification, powerSaveBlocker, type BrowserWindow } from 'electron'
import type { Run } from '#shared/schemas/run-record'
import type { Activity } from './activity.ts'
import type { LiveSettings } from './live-settings.ts'
import { messages } from './messages.ts'

export interface AttentionParts {
  activity: Activity
  settings: LiveSettings
  /** the window, while there is one */
  window: () => BrowserWindow | null
  /** brings the window up */
  show: () => void
}

/** Keeps the user informed without the window, and the machine awake while a run is going. */
export function attract({ activity, settings, window, show }: AttentionParts): void {
  const awake = wakefulness()
  const update = () => {
    const busy = activity.runs().length > 0
    awake.keep(busy && settings.get().keepAwake)
    // Two is more than all: a bar without an end, until the first step tells how many there are.
    window()?.setProgressBar(busy ? (activity.progress() ?? 2) : -1)
  }
  activity.onChange(update)
  settings.onChange(update)
  update()

  activity.onEnd((run) => {
    const words = noticeOf(run)
    if (words === null || !settings.get().notifications || window()?.isFocused() === true) return
    if (!Notification.isSupported()) return
    const notification = new Notification({ ...words, silent: true })
    notification.on('click', show)
    notification.show()
  })
}

/** What is said about a run that has ended; nothing about what the user did themselves. */
function noticeOf(run: Run): { title: string; body: string } | null {
  if (run.status === 'finished') return messages.notice.finished(run)
  if (run.status === 'failed') return messages.notice.failed(run)
  if (run.status === 'paused' && run.error !== null) return messages.notice.waiting(run)
  return null
}

function wakefulness() {
  let blocker: number | null = null
  return {
    keep(wanted: boolean): void {
      if (wanted && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension')
      if (wanted || blocker === null) return
      powerSaveBlocker.stop(blocker)
      blocker = null
    },
  }
}
