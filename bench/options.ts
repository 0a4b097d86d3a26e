import { parseArgs } from 'node:util'
import { AppError } from '#shared/errors'
import { shapeNames, shapes, workNames, type BenchCase, type ShapeName, type WorkName } from './cases.ts'

export const usage = `npm run bench [-- options]
  Seconds a step, operations a step and peak memory of DPL Studio, side by side with PyTorch in the same run.
  On two quiet cores the default takes about 6 minutes, --quick one, --full half an hour. Where memory is short the
  programs run one after the other (a ViT-B/16 with all programs at once: 18 GB).

  --shapes a,b     of ${shapeNames.join(', ')}; default starter,vit-b-16
  --classes n,m    numbers of classes; default 10
  --work a,b       of ${workNames.join(', ')}; default all
  --rounds n       turns that each program takes; default by shape
  --quick          starter CLIP only, 2 rounds
  --full           every shape with 10 and 37 classes, the starter CLIP with 100 as well
  --profile        also the most expensive operations of one step
  --no-pytorch     DPL Studio alone
  --json FILE      write everything measured as JSON (- for stdout, then without the Markdown)
  --markdown FILE  write the Markdown to a file as well
  --help           this text

Examples
  npm run bench
  npm run bench -- --shapes vit-b-16 --classes 37 --work search-attention --rounds 3 --json bench.json
`

/** What was asked for. */
export interface Options {
  readonly cases: readonly BenchCase[]
  /** null: each shape's own number */
  readonly rounds: number | null
  readonly profile: boolean
  readonly pytorch: boolean
  readonly json: string | null
  readonly markdown: string | null
}

/** Reads the command line; 'help' when that is all that was wanted. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const works =
    values.work === undefined ? workNames : values.work.split(',').map((name) => oneOf(workNames, name))
  const cases = groupsOf(values).flatMap(({ shape, classes }) =>
    works.map((work) => ({ shape, classes, work })),
  )
  return {
    cases,
    rounds: values.rounds === undefined ? (values.quick ? 2 : null) : wholeNumber(values.rounds),
    profile: values.profile,
    pytorch: !values['no-pytorch'],
    json: values.json ?? null,
    markdown: values.markdown ?? null,
  }
}

/** Turns of a case. */
export function roundsOf({ rounds }: Options, shape: ShapeName): number {
  return rounds ?? shapes[shape].rounds
}

type Values = ReturnType<typeof parse>

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        shapes: { type: 'string' },
        classes: { type: 'string' },
        work: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        'no-pytorch': { type: 'boolean', default: false },
        json: { type: 'string' },
        markdown: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (thrown) {
    throw invalid(thrown instanceof Error ? thrown.message : String(thrown))
  }
}

/** PyTorch as released needs more than 24 GB for a ViT-B/16 with 100 classes, hence that is only for who asks. */
const fullClasses: Record<ShapeName, number[]> = {
  starter: [10, 37, 100],
  'vit-b-32': [10, 37],
  'vit-b-16': [10, 37],
}

function groupsOf(values: Values): { shape: ShapeName; classes: number }[] {
  const defaultShapes: ShapeName[] = values.quick
    ? ['starter']
    : values.full
      ? shapeNames
      : ['starter', 'vit-b-16']
  const chosen = values.shapes?.split(',').map((name) => oneOf(shapeNames, name)) ?? defaultShapes
  return chosen.flatMap((shape) => {
    const classes = values.classes?.split(',').map(wholeNumber) ?? (values.full ? fullClasses[shape] : [10])
    return classes.map((count) => ({ shape, classes: count }))
  })
}

function oneOf<Name extends ShapeName | WorkName>(names: readonly Name[], found: string): Name {
  const name = names.find((each) => each === found)
  if (name === undefined) throw invalid(`There is no ${found}; there are ${names.join(', ')}.`)
  return name
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw invalid(`${text} is not a whole number above 0.`)
  return number
}

function invalid(message: string): AppError {
  return new AppError('invalid-input', message, { hint: 'npm run bench -- --help' })
}
