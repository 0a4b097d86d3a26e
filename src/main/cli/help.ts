import { globalOptions, type Command, type OptionSpec } from './command.ts'
import { exitCodeMeanings } from './exit-codes.ts'
import { table } from './table.ts'

/** The help of the whole program. */
export function programHelp(commands: readonly Command[], version: string): string {
  return `DPL Studio ${version}: fine-tunes CLIP on your own images by Differentiable Prompt Learning.

Usage: dplstudio <command> [options]      dplstudio <command> --help explains one

${table(commands.map(({ name, summary }) => [`  ${name}`, summary]))}

Every command: --json for one JSON document on stdout (progress goes to stderr), --data-dir <folder>.

Exit status:
${table(exitCodeMeanings.map(([code, meaning]) => [`  ${code}`, meaning]))}
`
}

/** The help of one command. */
export function commandHelp({ name, usage, summary, options, examples, notes }: Command): string {
  return `${summary}

Usage: dplstudio ${name} ${usage}

Options:
${table(Object.entries({ ...options, ...globalOptions }).map(([option, spec]) => [`  ${optionUsage(option, spec)}`, spec.help]))}

Examples:
${examples.map((example) => `  dplstudio ${example}`).join('\n')}
${notes === undefined ? '' : `\n${notes}\n`}`
}

function optionUsage(name: string, { short, value, type }: OptionSpec): string {
  const long = type === 'string' ? `--${name} <${value ?? 'value'}>` : `--${name}`
  return short === undefined ? long : `-${short}, ${long}`
}
