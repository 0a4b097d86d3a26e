import type { Verification } from '#shared/schemas/results'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { runTask } from '../follow.ts'
import { percent } from '../format.ts'

/** Holds an export against the run it came from. */
export const verify: Command = {
  name: 'verify',
  summary: 'Reload an export in a fresh process, score test images, and compare with what the run answered',
  usage: '<export folder or run>',
  positionals: [1, 1],
  options: {},
  examples: ['verify ./flower-prompts', 'verify 20260131-1405-flowers-k3fm'],
  access: 'write',
  async run(context, { positionals }) {
    const { folder, verification } = await runTask(context, 'verify', () =>
      context.api.request('exports/verify', { source: positionals[0]! }),
    )
    return {
      json: { folder, ...verification },
      text: verificationText(verification),
      exitCode: verification.passed ? exitCodes.ok : exitCodes.verificationFailed,
    }
  },
}

/** A verification in a line. */
export function verificationText(verification: Verification): string {
  const { images, maxProbabilityDifference, agreement, tolerance, passed } = verification
  return (
    `${passed ? 'Verified' : 'NOT verified'}: ${percent(agreement)} equal answers on ${images} test images, ` +
    `largest probability difference ${maxProbabilityDifference.toExponential(1)} (allowed ${tolerance})`
  )
}
