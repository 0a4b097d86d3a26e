import { contextBridge, ipcRenderer, webUtils } from 'electron'

/** Tells this page from the one that was here before a reload. */
const page = crypto.randomUUID()

/** The window's end of the contract, and the one thing only a preload script can know: where a dropped file lies. */
contextBridge.exposeInMainWorld('dplstudio', {
  post: (message: unknown) => ipcRenderer.send('port', page, message),
  listen: (listener: (message: unknown) => void) => {
    const forward = (_: unknown, to: unknown, message: unknown) => {
      if (to === page) listener(message)
    }
    ipcRenderer.on('port', forward)
    return () => ipcRenderer.off('port', forward)
  },
  pathOf: (file: File) => webUtils.getPathForFile(file),
})
