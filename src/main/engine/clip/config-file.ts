import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { AppError } from '#shared/errors'

/** A JSON file, or undefined where there is none. 'bad-file' when it is not JSON. */
export function readJsonFile(path: string): unknown {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    throw new AppError('bad-file', `${path} is not JSON: ${thrown.message}`, {
      hint: 'The file is damaged or incomplete. Download or copy it again.',
      cause: thrown,
    })
  }
}

/** Holds the content of a configuration against what is supported. 'bad-file' names every field that is not. */
export function parseConfig<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  json: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new AppError(
    'bad-file',
    `${path} does not describe a CLIP that can be used:\n${z.prettifyError(parsed.error)}`,
  )
}
