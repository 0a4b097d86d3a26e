import { dialog, shell, type Session, type WebContents } from 'electron'
import { messages } from './messages.ts'
import { isOurs } from './origin.ts'

/** Keeps a window on our page: no navigation, no further windows, no guests. A link outside opens in the browser. */
export function confine(contents: WebContents): void {
  const refuse = (event: { preventDefault(): void }) => event.preventDefault()
  // The page may load itself anew; frames it has none.
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame || !isOurs(event.url)) event.preventDefault()
  })
  contents.on('will-redirect', refuse)
  contents.on('will-attach-webview', refuse)
  contents.setWindowOpenHandler(({ url }) => {
    void openOutside(url)
    return { action: 'deny' }
  })
}

/** The page may put text on the clipboard when the user asks for it; it needs nothing else that has to be permitted. */
export function refusePermissions(session: Session): void {
  const isGranted = (permission: string, address: string) =>
    permission === 'clipboard-sanitized-write' && isOurs(address)
  session.setPermissionRequestHandler((_, permission, answer, { requestingUrl }) =>
    answer(isGranted(permission, requestingUrl)),
  )
  session.setPermissionCheckHandler((_, permission, __, { requestingUrl }) =>
    isGranted(permission, requestingUrl ?? ''),
  )
  session.setDevicePermissionHandler(() => false)
}

/** Shows a web page in the browser once the user has seen its address and agreed. */
async function openOutside(address: string): Promise<void> {
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:') return
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: messages.link.question,
    detail: address,
    buttons: [messages.link.open, messages.link.cancel],
    defaultId: 1,
    cancelId: 1,
  })
  if (response === 0) await shell.openExternal(address)
}
