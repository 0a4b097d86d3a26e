import { Menu, Tray, nativeImage } from 'electron'
import { resource } from '#main/resources'
import type { Activity } from './activity.ts'
import { messages } from './messages.ts'

export interface TrayParts {
  activity: Activity
  show: () => void
  stop: () => void
}

/** The program's sign while it works without a window. Shown until the returned function is called. */
export function showTray({ activity, show, stop }: TrayParts): () => void {
  const tray = new Tray(nativeImage.createFromPath(resource('icon.png')).resize({ height: 22 }))
  const { tray: words } = messages
  const update = () => {
    if (tray.isDestroyed()) return
    const working = words.working(activity.runs())
    tray.setToolTip(`${messages.name}: ${working}`)
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: working, enabled: false },
        { type: 'separator' },
        { label: words.show, click: show },
        { label: words.stop, click: stop },
      ]),
    )
  }
  tray.on('click', show)
  update()
  return () => tray.destroy()
}
