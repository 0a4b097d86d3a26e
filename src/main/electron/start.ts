import { dialog } from 'electron'
import { AppError } from '#shared/errors'
import type { Application, Composition } from '#main/compose'
import { messages } from './messages.ts'

/** The application over its data folder, and whether it may only look. */
export interface Started {
  application: Application
  readOnly: boolean
}

/**
 * Opens the data folder. When somebody else is at work in it, or its index is damaged, the user says what now; null:
 * they would rather not.
 */
export async function openApplication(
  open: (access: Composition['access']) => Application,
): Promise<Started | null> {
  try {
    return { application: open('write'), readOnly: false }
  } catch (thrown) {
    const error = AppError.from(thrown)
    const words = messages.start
    if (
      error.code === 'locked' &&
      (await agrees(words.locked, words.lockedDetail(error.message), words.read))
    )
      return { application: open('read'), readOnly: true }
    if (
      error.code === 'bad-file' &&
      (await agrees(words.damaged, words.damagedDetail(error.message), words.rebuild))
    )
      return { application: await rebuilt(open), readOnly: false }
    if (error.code === 'locked' || error.code === 'bad-file') return null
    throw thrown
  }
}

/** Says why there will be no window. */
export function tellFailure(thrown: unknown): void {
  const { message, hint } = AppError.from(thrown)
  dialog.showErrorBox(messages.start.failed, hint === undefined ? message : `${message}\n\n${hint}`)
}

async function rebuilt(open: (access: Composition['access']) => Application): Promise<Application> {
  const application = open('rebuild')
  await application.connect().request('index/rebuild', {})
  return application
}

async function agrees(message: string, detail: string, yes: string): Promise<boolean> {
  const buttons = [yes, messages.start.quit]
  const { response } = await dialog.showMessageBox({ type: 'warning', message, detail, buttons, cancelId: 1 })
  return response === 0
}
