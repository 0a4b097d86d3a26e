import { z } from 'zod'
import { RunConfig } from '#shared/schemas/run'

/** How a setting is entered. */
export type FieldKind =
  | { readonly type: 'number'; readonly isWhole: boolean }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  | { readonly type: 'switch' }
  | { readonly type: 'numbers' }
  | { readonly type: 'branches' }

export type FieldGroup = 'search' | 'alpha' | 'train' | 'distillation'

/** One setting of a run: where it is in the configuration and how it is entered. */
export interface Field {
  /** dotted, such as `search.batchSize` */
  readonly path: string
  readonly group: FieldGroup
  readonly kind: FieldKind
}

/** Those that have a place of their own on the page, and the method, of which there is one. */
const ELSEWHERE = [
  'method',
  'seed',
  'shots',
  'validationShots',
  'template',
  'train.contextLengths.text',
  'train.contextLengths.image',
]

/** Every setting of the schema, in its order: a new field of a run appears on the page by itself. */
export const fields: readonly Field[] = walk('', RunConfig).filter(({ path }) => !ELSEWHERE.includes(path))

/** The value at a dotted path. */
export function valueAtPath(config: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), config)
}

/** A copy with another value at a dotted path. */
export function withValue<Config extends object>(config: Config, path: string, value: unknown): Config {
  const [key = '', ...rest] = path.split('.')
  const inner = (config as Record<string, unknown>)[key]
  const next = rest.length === 0 ? value : withValue(isRecord(inner) ? inner : {}, rest.join('.'), value)
  return { ...config, [key]: next }
}

/** What the schema objects to, by field; the first objection of each. */
export function problemsOf(config: unknown): ReadonlyMap<string, z.core.$ZodIssue> {
  const issues = RunConfig.safeParse(config).error?.issues ?? []
  const problems = new Map<string, z.core.$ZodIssue>()
  for (const issue of issues) {
    // Elements of a list are entered together.
    const path = issue.path.filter((key) => typeof key === 'string').join('.')
    if (!problems.has(path)) problems.set(path, issue)
  }
  return problems
}

/** What was typed as a list of numbers; what is none stays for the schema to object to. */
export function parseNumbers(text: string): (number | string)[] {
  return text
    .split(/[\s,;·]+/)
    .filter((part) => part !== '')
    .map((part) => (Number.isNaN(Number(part)) ? part : Number(part)))
}

function walk(prefix: string, schema: z.ZodType): Field[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject)
    return Object.entries(inner.shape).flatMap(([key, field]) =>
      walk(prefix === '' ? key : `${prefix}.${key}`, field as z.ZodType),
    )
  return [{ path: prefix, group: groupOf(prefix), kind: kindOf(prefix, inner) }]
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrap(schema.unwrap() as z.ZodType)
  return schema
}

function kindOf(path: string, schema: z.ZodType): FieldKind {
  if (path === 'branches') return { type: 'branches' }
  if (schema instanceof z.ZodNumber) return { type: 'number', isWhole: schema.format === 'safeint' }
  if (schema instanceof z.ZodEnum) return { type: 'choice', choices: schema.options.map(String) }
  if (schema instanceof z.ZodBoolean) return { type: 'switch' }
  return { type: 'numbers' }
}

function groupOf(path: string): FieldGroup {
  if (path.startsWith('train.distillation')) return 'distillation'
  if (path.startsWith('train.')) return 'train'
  return /^search\.(alpha|validation)/.test(path) ? 'alpha' : 'search'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
