import type { Command } from './command.ts'
import { check } from './commands/check.ts'
import { datasetCommands } from './commands/dataset.ts'
import { demo } from './commands/demo.ts'
import { evaluate } from './commands/evaluate.ts'
import { exportRun } from './commands/export.ts'
import { modelCommands } from './commands/model.ts'
import { predict } from './commands/predict.ts'
import { reindex } from './commands/reindex.ts'
import { report } from './commands/report.ts'
import { resume } from './commands/resume.ts'
import { runCommands } from './commands/run.ts'
import { runsCommands } from './commands/runs.ts'
import { runtimeCommands } from './commands/runtime.ts'
import { serve } from './commands/serve.ts'
import { storageCommands } from './commands/storage.ts'
import { verify } from './commands/verify.ts'
import { watch } from './commands/watch.ts'

/** Every command, in the order in which somebody meets them. */
export const commands: readonly Command[] = [
  demo,
  serve,
  check,
  ...runtimeCommands,
  ...modelCommands,
  ...datasetCommands,
  ...runCommands,
  resume,
  watch,
  ...runsCommands,
  evaluate,
  predict,
  exportRun,
  verify,
  ...storageCommands,
  reindex,
  report,
]
