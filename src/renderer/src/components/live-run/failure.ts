import type { ErrorCode } from '#shared/errors'
import type { RunConfig } from '#shared/schemas/run'

/** The one thing that is offered after a failure. */
export type Offer =
  | { readonly kind: 'resume' }
  | { readonly kind: 'half-batch'; readonly batch: number }
  | { readonly kind: 'half-rate'; readonly rate: number }

export type Remedy = 'memory' | 'diverged' | 'engine' | 'disk' | 'other'

const remedies: Partial<Record<ErrorCode, Remedy>> = {
  'out-of-memory': 'memory',
  diverged: 'diverged',
  'engine-unavailable': 'engine',
  'disk-full': 'disk',
}

export function remedyOf(code: ErrorCode): Remedy {
  return remedies[code] ?? 'other'
}

/** What can be pressed after a failure of a kind. A batch of one cannot be halved. */
export function offerFor(code: ErrorCode, { search, train }: RunConfig): Offer {
  const batch = Math.max(search.batchSize, train.batchSize)
  if (code === 'out-of-memory' && batch > 1) return { kind: 'half-batch', batch: Math.floor(batch / 2) }
  if (code === 'diverged')
    return { kind: 'half-rate', rate: Math.max(search.learningRate, train.learningRate) / 2 }
  return { kind: 'resume' }
}
