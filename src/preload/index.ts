import { contextBridge, ipcRenderer, webUtils } from 'electron'

/** The window's end of the contract, and the one thing only a preload script can know: where a dropped file lies. */
contextBridge.exposeInMainWorld('dplstudio', {
  post: (message: unknown) => ipcRenderer.send('port', message),
  listen: (listener: (message: unknown) => void) => {
    const forward = (_: unknown, message: unknown) => listener(message)
    ipcRenderer.on('port', forward)
    return () => ipcRenderer.off('port', forward)
  },
  pathOf: (file: File) => webUtils.getPathForFile(file),
})
