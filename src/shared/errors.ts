import { z } from 'zod'

/** Every failure a user can meet has a code; shells word it and choose an exit status, nobody parses messages. */
export const ErrorCode = z.enum([
  'invalid-input',
  'not-found',
  'bad-file',
  'model-mismatch',
  'dataset-changed',
  'runtime-missing',
  'engine-unavailable',
  'out-of-memory',
  'disk-full',
  'locked',
  'run-cancelled',
  'verification-failed',
  'diverged',
  'unsupported',
  'network-off',
  'internal',
])
export type ErrorCode = z.infer<typeof ErrorCode>

export const SerializedError = z.object({ code: ErrorCode, message: z.string(), hint: z.string().optional() })
export type SerializedError = z.infer<typeof SerializedError>

/** How the system and the database say that nothing more can be written. */
const FULL_DISK = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL']

/** A failure with its cause in `message` and, in `hint`, what the user can do about it. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = options.hint
  }

  /** Anything thrown becomes an AppError; what nobody foresaw is 'internal' and keeps its cause. */
  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown
    if (thrown instanceof z.ZodError)
      return new AppError('invalid-input', z.prettifyError(thrown), { cause: thrown })
    if (isSystemError(thrown) && FULL_DISK.includes(String(thrown.code)))
      return new AppError('disk-full', `The disk is full: ${thrown.message}`, {
        hint: 'Free some space, then resume. Finished epochs are kept. Another data folder (--data-dir) helps new runs.',
        cause: thrown,
      })
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new AppError('internal', message, { cause: thrown })
  }

  static fromJSON({ code, message, hint }: SerializedError): AppError {
    return new AppError(code, message, { hint })
  }

  toJSON(): SerializedError {
    return { code: this.code, message: this.message, ...(this.hint !== undefined && { hint: this.hint }) }
  }
}

function isSystemError(thrown: unknown): thrown is Error & { code: unknown } {
  return thrown instanceof Error && 'code' in thrown
}
