import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '#shared/errors'

describe('AppError', () => {
  test('keeps its code and hint on its way over a port', () => {
    const error = new AppError('not-found', 'It is not here', { hint: 'Look elsewhere.' })
    const arrived = AppError.fromJSON(JSON.parse(JSON.stringify(error)) as ReturnType<AppError['toJSON']>)
    expect(arrived).toMatchObject({ code: 'not-found', message: 'It is not here', hint: 'Look elsewhere.' })
    expect(new AppError('internal', 'm').toJSON()).toEqual({ code: 'internal', message: 'm' })
  })

  test.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('knows a full disk by %s', (code) => {
    expect(AppError.from(Object.assign(new Error('write'), { code }))).toMatchObject({
      code: 'disk-full',
      hint: expect.stringContaining('Finished epochs are kept') as string,
    })
  })

  test('names the field that has another shape', () => {
    const { error } = z.object({ seed: z.number() }).safeParse({ seed: 'one' })
    expect(AppError.from(error)).toMatchObject({ code: 'invalid-input' })
    expect(AppError.from(error).message).toContain('seed')
  })

  test('is itself when it already is one, and keeps what nobody foresaw as its cause', () => {
    const error = new AppError('locked', 'm')
    expect(AppError.from(error)).toBe(error)
    const strange = new TypeError('x is undefined')
    expect(AppError.from(strange)).toMatchObject({ code: 'internal', cause: strange })
    expect(AppError.from('just a text').message).toBe('just a text')
  })
})
