import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Output, ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Dataset } from '#shared/schemas/dataset'
import type { Task } from '#shared/schemas/task'
import type { EngineHost } from '#main/engine-host/engine-host'
import { readTokenizer } from '#main/engine/clip/side-files'
import { fillTemplate } from '#main/engine/data/templates'
import type { Datasets } from './datasets.ts'
import { runEngineJob } from './engine-jobs.ts'
import { counted } from './image-import/problems.ts'
import type { Models } from './models.ts'
import type { Tasks } from './tasks.ts'

type Tokenizer = ReturnType<typeof readTokenizer>['content']

export interface WordingsParts {
  datasets: Datasets
  models: Models
  engine: EngineHost
  tasks: Tasks
}

/** The words that stand for classes: how long they are for a CLIP, and what difference they make. */
export function createWordings({ datasets, models, engine, tasks }: WordingsParts) {
  let last: { digest: string; path: string; tokenizer: Tokenizer } | null = null

  /** Kept for the model asked for last: somebody who edits words asks again with every stroke. */
  function tokenizerOf(modelId: string): Tokenizer {
    const { path, digest, architecture } = models.get(modelId)
    if (last?.path !== path || last.digest !== digest) {
      models.forJob(modelId) // says so where the files are missing
      const folder = statSync(path).isDirectory() ? path : dirname(path)
      const tokenizer = readTokenizer(folder, { ...architecture.text, endOfTextId: 'any' }).content
      last = { path, digest, tokenizer }
    }
    return last.tokenizer
  }

  return {
    countTokens({
      id,
      modelId,
      template,
      prompts,
    }: ParsedInput<'datasets/count-tokens'>): Output<'datasets/count-tokens'> {
      checkPrompts(datasets.get(id), prompts)
      const tokenizer = tokenizerOf(modelId)
      const counts = prompts.map((prompt) => tokenizer.countTokens(fillTemplate(template, prompt)))
      return { textPositions: tokenizer.textPositions, counts }
    },

    test({ id, modelId, split, wordings }: ParsedInput<'datasets/test-wording'>): Task {
      const dataset = datasets.get(id)
      for (const { prompts } of wordings) checkPrompts(dataset, prompts)
      if (dataset.counts[split] === 0) throw withoutImages(dataset, split)
      const model = models.forJob(modelId)
      return tasks.start('wording', async (context) => {
        await datasets.requireUnchanged(id)
        const { evaluations } = await runEngineJob(engine, context, {
          kind: 'score-wordings',
          model,
          images: datasets.forJob(id)[split],
          split,
          wordings: wordings.map(({ template, prompts }) => ({ template, classNames: prompts })),
        })
        return { kind: 'wording', evaluations }
      })
    },
  }
}

export type Wordings = ReturnType<typeof createWordings>

function checkPrompts({ name, classes }: Dataset, prompts: readonly string[]): void {
  if (prompts.length === classes.length) return
  throw new AppError(
    'invalid-input',
    `${name} has ${counted(classes.length, 'class', 'classes')}, but ${counted(prompts.length, 'text')} were given.`,
    { hint: 'Give one text per class, in the order of the classes.' },
  )
}

function withoutImages({ name }: Dataset, split: string): AppError {
  return new AppError('invalid-input', `${name} has no ${split} images, so nothing could be measured.`, {
    hint: 'Choose another split, or split the dataset anew.',
  })
}
