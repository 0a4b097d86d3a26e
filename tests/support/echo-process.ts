import { parentPort } from '#main/process-port'
import { serveEcho } from './echo.ts'

const port = parentPort()
port.onClose(() => process.exit(0))
serveEcho(port)
