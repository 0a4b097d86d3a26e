/**
 * The script that runs our preload script in a page, as far as Electron would: in the main frame alone, before the
 * page's own scripts, with nothing to require but `electron`. What crosses over to the page is cloned. Attempts to open
 * further windows are reported instead.
 */
export function preloadScript(source: string): string {
  return `(() => {
    if (window !== window.top) return
    const listeners = new Map()
    const send = window.__standInSend
    Object.defineProperty(window, '__standInReceive', {
      value: (channel, args) => {
        for (const listener of [...(listeners.get(channel) ?? [])]) listener({}, ...args)
      },
    })
    const open = (address) => void window.__standInOpen(new URL(address, location.href).href)
    window.open = (address) => {
      open(address)
      return null
    }
    window.addEventListener('click', (event) => {
      const link = event.target.closest?.('a[target="_blank"]')
      if (link == null) return
      event.preventDefault()
      open(link.href)
    })
    const across = (value) => {
      if (typeof value === 'function') return (...args) => across(value(...args.map(across)))
      if (value instanceof File) return value
      if (value === null || typeof value !== 'object') return value
      return structuredClone(value)
    }
    const electron = {
      contextBridge: {
        exposeInMainWorld: (name, api) => {
          const entries = Object.entries(api).map(([key, value]) => [key, across(value)])
          Object.defineProperty(window, name, { value: Object.freeze(Object.fromEntries(entries)) })
        },
      },
      ipcRenderer: {
        send: (channel, ...args) => void send(channel, structuredClone(args)),
        on: (channel, listener) => {
          if (!listeners.has(channel)) listeners.set(channel, new Set())
          listeners.get(channel).add(listener)
        },
        off: (channel, listener) => void listeners.get(channel)?.delete(listener),
      },
      webUtils: { getPathForFile: (file) => '/dropped/' + file.name },
    }
    const require = (name) => {
      if (name !== 'electron') throw new Error('module not found: ' + name)
      return electron
    }
    const module = { exports: {} }
    ;(function (require, module, exports) {
${source}
    })(require, module, module.exports)
  })()`
}
