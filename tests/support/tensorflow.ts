import { dataFolder } from '#main/data-folder'
import { loadTensorFlow } from '#main/runtime/binding'
import { findPack } from '#main/runtime/packs'

/** Imported for its effect: tests compute with the runtime pack that `npm test` has installed. */
loadTensorFlow(findPack(dataFolder()).folder)
