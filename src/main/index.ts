import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { app, protocol } from 'electron'
import { PROGRAM_VERSION } from '#shared/version'
import { compose } from './compose.ts'
import { dataFolder } from './data-folder.ts'
import { startDesktop, type Desktop } from './electron/desktop.ts'
import { desktopShell } from './electron/dialogs.ts'
import { SCHEME } from './electron/origin.ts'
import { spawnUtilityEngine } from './electron/spawn-utility-engine.ts'
import { isForwardedDisplay, startArguments } from './electron/surroundings.ts'
import { engineLaunch } from './engine-launch.ts'
import { resource } from './resources.ts'

/** The desktop application. What has to be settled before Electron is ready comes first. */
function main(): void {
  const { dataDir, path } = startArguments(process.argv.slice(1), process.cwd(), app.isPackaged)
  const folder = dataFolder(dataDir)
  prepare(folder)
  // One program per data folder: a second start hands over what it was asked to open.
  if (!app.requestSingleInstanceLock({ path })) {
    app.exit(0)
    return
  }
  let desktop: Desktop | null = null
  let early = path
  const show = (wanted: string | undefined) => {
    if (desktop === null) early = wanted ?? early
    else desktop.show(wanted)
  }
  app.on('second-instance', (_, __, ___, data) => show((data as { path?: string } | undefined)?.path))
  app.on('open-file', (event, file) => {
    event.preventDefault()
    show(file)
  })
  void app.whenReady().then(async () => {
    desktop = await startDesktop({
      dataFolder: folder,
      rendererFolder: join(import.meta.dirname, '..', 'renderer'),
      preload: join(import.meta.dirname, '..', 'preload', 'index.js'),
      open: (access) => openApplication(folder, access),
      path: early,
    })
    if (desktop === null) app.exit(1)
  })
}

function prepare(folder: string): void {
  app.enableSandbox()
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ])
  // Chromium's own files, and the lock of the single instance with them.
  const profile = join(folder, 'window')
  mkdirSync(profile, { recursive: true })
  app.setPath('userData', profile)
  // Windows shows notifications of installed programs alone, which it knows by this name.
  if (process.platform === 'win32') app.setAppUserModelId('dpl-studio')
  if (!isForwardedDisplay(process.env)) return
  app.disableHardwareAcceleration()
  app.commandLine.appendSwitch('disable-gpu')
  app.commandLine.appendSwitch('ozone-platform', 'x11')
}

function openApplication(folder: string, access: Parameters<typeof compose>[0]['access']) {
  return compose({
    version: PROGRAM_VERSION,
    dataFolder: folder,
    starterPath: resource('starter-clip'),
    samplePath: resource('sample'),
    shell: desktopShell,
    spawnEngine: spawnUtilityEngine({
      program: join(import.meta.dirname, 'engine.js'),
      ...engineLaunch(folder),
    }),
    access,
    purpose: 'the window',
  })
}

main()
