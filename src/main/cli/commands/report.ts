import type { Command } from '../command.ts'

/** What somebody needs to know who is asked for help. */
export const report: Command = {
  name: 'report',
  summary: 'Print a problem report to read and send by yourself; nothing is sent',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['report > problem.md'],
  access: 'read',
  async run({ api }) {
    const { text } = await api.request('app/problem-report', {})
    return { json: { text }, text }
  },
}
