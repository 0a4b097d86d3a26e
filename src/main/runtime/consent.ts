import { createInterface } from 'node:readline/promises'
import type { DownloadQuestion } from './install.ts'

/** Asks in the terminal before gigabytes are fetched. Where nobody can be asked, the answer is no. */
export async function askInTerminal({
  pack,
  downloadBytes,
  installedBytes,
}: DownloadQuestion): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const [download, disk] = [downloadBytes, installedBytes].map((bytes) => (bytes / 1e9).toFixed(1))
  const answer = await terminal.question(`Fetch ${download} GB for pack ${pack} (${disk} GB on disk)? [y/N] `)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
