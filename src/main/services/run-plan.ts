import { searchSpaceSize } from '#shared/alpha-matrix'
import { AppError } from '#shared/errors'
import type { Dataset, DatasetClass } from '#shared/schemas/dataset'
import type { RegisteredModel } from '#shared/schemas/registered-model'
import type { RunPlan, RunRequest } from '#shared/schemas/run-record'

/** Checks a request against its data and CLIP before anything is written. Throws where it cannot work. */
export function planRun(request: RunRequest, dataset: Dataset, model: RegisteredModel): RunPlan {
  const { kind, config } = request
  const smallest = smallestClass(dataset)
  if (kind !== 'zero-shot') checkShots(request, dataset, smallest)
  if (dataset.counts.test === 0)
    throw new AppError('invalid-input', `${dataset.name} has no test images, so nothing could be measured.`, {
      hint: `Split it anew with a share of test images (dplstudio dataset split ${dataset.id} --save).`,
    })
  checkContextLengths(request, model)
  const searches = kind === 'search' || kind === 'search-and-train'
  if (searches) checkAlphaImages(request, dataset)
  const { text, image } = model.architecture
  const layers = { text: text.depth, image: image.depth }
  const searched = config.branches.reduce((sum, branch) => sum + layers[branch], 0)
  return {
    kind,
    config,
    dataset: {
      id: dataset.id,
      name: dataset.name,
      classes: dataset.classes.length,
      ...dataset.counts,
      smallestClass: { name: smallest.name, train: smallest.counts.train },
    },
    model: { id: model.id, name: model.name, layers: Math.max(text.depth, image.depth) },
    searchSpace: searches ? searchSpaceSize(config.search.options.length, searched) : 1,
    warnings: warningsFor(request, dataset),
  }
}

function smallestClass({ classes }: Dataset): DatasetClass {
  return classes.reduce((least, other) => (other.counts.train < least.counts.train ? other : least))
}

function checkShots({ config }: RunRequest, dataset: Dataset, { name, counts }: DatasetClass): void {
  if (counts.train >= config.shots) return
  const few = counts.train === 1 ? '1 training image' : `${counts.train} training images`
  throw new AppError(
    'invalid-input',
    `${config.shots} shots need ${config.shots} training images of every class, but "${name}" of ${dataset.name} has ${few}.`,
    {
      hint:
        counts.train === 0
          ? 'Move images of this class to the training split, or leave the class out.'
          : `Use at most ${counts.train} shots (--shots ${counts.train}), or add images.`,
    },
  )
}

/** The alpha matrices need images that the prompts do not learn from. */
function checkAlphaImages({ config }: RunRequest, dataset: Dataset): void {
  if (config.search.alphaData === 'train-halves' && config.shots < 2)
    throw new AppError('invalid-input', 'One shot per class cannot be halved between prompts and alpha.', {
      hint: 'Use 2 shots or more, or let alpha learn from validation images (search.alphaData=validation).',
    })
  if (config.search.alphaData === 'validation' && dataset.counts.validation === 0)
    throw new AppError(
      'invalid-input',
      `${dataset.name} has no validation images for the search to learn alpha from.`,
      {
        hint: `Let alpha learn from half of the shots (search.alphaData=train-halves), or split it anew with a share of validation images (dplstudio dataset split ${dataset.id} --save).`,
      },
    )
}

function checkContextLengths({ kind, config }: RunRequest, model: RegisteredModel): void {
  const fixed = config.train.contextLengths
  if (kind === 'train' && fixed === undefined)
    throw new AppError('invalid-input', 'Training alone needs the context length of every layer.', {
      hint: 'Take them from a search (--from <run>), give them (--context-lengths "text=4,2 image=0,2"), or search too (dplstudio run).',
    })
  if (fixed === undefined) return
  for (const branch of ['text', 'image'] as const) {
    const { depth } = model.architecture[branch]
    if (fixed[branch].length !== depth)
      throw new AppError(
        'invalid-input',
        `${model.name} has ${depth} layers in its ${branch} branch, but ${fixed[branch].length} context lengths were given.`,
        { hint: 'Give one context length per layer; 0 is a layer without a prompt.' },
      )
  }
}

function warningsFor({ kind, config }: RunRequest, dataset: Dataset): string[] {
  if (kind === 'zero-shot') return []
  const without = dataset.classes.filter(({ counts }) => counts.validation === 0).length
  const untested = dataset.classes.filter(({ counts }) => counts.test === 0).length
  return [
    ...(without > 0 && config.search.alphaData === 'validation'
      ? [`${without} of ${dataset.classes.length} classes have no validation images.`]
      : []),
    ...(kind !== 'train' && config.search.alphaFrozenEpochs >= config.search.epochs
      ? [
          `Alpha waits for ${config.search.alphaFrozenEpochs} epochs and the search has ${config.search.epochs}: it would choose lengths by chance.`,
        ]
      : []),
    ...(untested > 0 ? [`${untested} of ${dataset.classes.length} classes have no test images.`] : []),
  ]
}
