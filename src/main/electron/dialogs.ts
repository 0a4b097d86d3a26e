import { join } from 'node:path'
import { BrowserWindow, dialog, shell, type FileFilter, type OpenDialogOptions } from 'electron'
import type { ChoiceRequest } from '#shared/schemas/app'
import type { Shell } from '#main/shell'

const PROPERTIES = {
  folder: ['openDirectory', 'createDirectory'],
  file: ['openFile'],
  files: ['openFile', 'multiSelections'],
} as const satisfies Record<string, OpenDialogOptions['properties']>

/** The system's own dialogs and file manager. */
export const desktopShell: Shell = {
  capabilities: { chooser: 'native', reveal: true, upload: false },
  browseRoots: null,
  choose: (request, folder) =>
    request.kind === 'save' ? save(request, folder) : open(request, request.kind, folder),
  reveal: (path) => {
    shell.showItemInFolder(path)
    return Promise.resolve()
  },
}

async function open(
  request: ChoiceRequest,
  kind: keyof typeof PROPERTIES,
  folder: string | undefined,
): Promise<string[]> {
  const options: OpenDialogOptions = {
    title: request.title,
    properties: [...PROPERTIES[kind]],
    filters: filtersOf(request),
    ...(folder !== undefined && { defaultPath: folder }),
  }
  const parent = parentWindow()
  const answer = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options))
  return answer.canceled ? [] : answer.filePaths
}

async function save(request: ChoiceRequest, folder: string | undefined): Promise<string[]> {
  const { title, suggestedName } = request
  const defaultPath = join(folder ?? '', suggestedName ?? '')
  const options = { title, filters: filtersOf(request), ...(defaultPath !== '.' && { defaultPath }) }
  const parent = parentWindow()
  const answer = await (parent ? dialog.showSaveDialog(parent, options) : dialog.showSaveDialog(options))
  return answer.canceled || answer.filePath === '' ? [] : [answer.filePath]
}

/** Where a dialog belongs. */
function parentWindow() {
  return BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0]
}

function filtersOf({ kind, extensions }: ChoiceRequest): FileFilter[] {
  if (kind === 'folder' || extensions.length === 0) return []
  return [{ name: extensions.map((ending) => `*.${ending}`).join(', '), extensions }]
}
