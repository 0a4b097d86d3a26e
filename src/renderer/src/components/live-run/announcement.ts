import { percent } from '../../format.ts'
import { messages } from '../../messages/messages.ts'
import { decidedLayers } from './search-figures.ts'
import type { RunHistory } from './stage-list.ts'

/** The last epoch in one sentence. */
export function announcement({ search, train }: RunHistory, margin: number): string {
  const words = messages.liveRun.announce
  const [lastSearch, lastTrain] = [search.at(-1), train.at(-1)]
  if (lastTrain !== undefined)
    return words.train(
      lastTrain.epoch,
      lastTrain.epochs,
      percent(lastTrain.validationAccuracy ?? lastTrain.trainAccuracy),
    )
  if (lastSearch === undefined) return ''
  const { decided, layers } = decidedLayers(lastSearch.alpha, margin)
  return words.search(lastSearch.epoch, lastSearch.epochs, decided, layers)
}
