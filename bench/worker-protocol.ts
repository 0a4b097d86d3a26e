import type { Setting } from './cases.ts'
import type { Fingerprint } from './seeded-numbers.ts'

/** Questions a worker answers, one JSON document a line; Python's worker speaks the same. */
export type Request =
  | { readonly ask: 'build'; readonly variant: string; readonly setting: Setting }
  | { readonly ask: 'check' }
  | { readonly ask: 'steps'; readonly count: number }
  | { readonly ask: 'profile' }
  | { readonly ask: 'forget-peak' }
  | { readonly ask: 'memory' }

/** The answer to `build`: what computes. */
export interface Built {
  readonly library: string
  readonly version: string
  readonly threads: string
  readonly seconds: number
}

/** The answer to `check`: the first step's losses, the gradients it found, and what it took. */
export interface Check {
  /** validation and training loss of a search step, or the training loss alone */
  readonly losses: number[]
  /** what the optimizers made of the gradients: their velocities, by name of the parameter */
  readonly velocities: Record<string, Fingerprint>
  readonly operations: number
}

/** The answer to `steps`. */
export interface Steps {
  /** of each step, losses read back included */
  readonly seconds: number[]
  /** of the last step */
  readonly losses: number[]
}

/** The answer to `profile`, the most expensive operation first; empty where there is none to give. */
export type Profile = readonly { readonly name: string; readonly count: number; readonly seconds: number }[]

/** The answer to `memory`; null where the system does not tell. */
export interface Memory {
  /** largest resident memory since `forget-peak` */
  readonly peakBytes: number | null
  readonly restBytes: number | null
}

/** The answer to each question. */
export interface Answers {
  readonly build: Built
  readonly check: Check
  readonly steps: Steps
  readonly profile: Profile
  readonly 'forget-peak': null
  readonly memory: Memory
}

/** What a worker writes: an answer, or why there is none. */
export type Reply<Question extends keyof Answers> = { answer: Answers[Question] } | { failure: string }
