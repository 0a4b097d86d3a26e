// Makes a child process look like one of Electron's utility processes to the program that it runs.
const send = process.send.bind(process)
const listeners = new Map()
process.parentPort = {
  postMessage: (message) => send(message),
  on: (event, listener) => {
    const forward = (data) => listener({ data, ports: [] })
    listeners.set(listener, forward)
    process.on(event, forward)
  },
  off: (event, listener) => process.off(event, listeners.get(listener)),
}
process.send = undefined
// As Electron does it: a child does not outlive its parent.
process.on('disconnect', () => process.exit(0))
