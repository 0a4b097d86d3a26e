import { homedir } from 'node:os'
import { loadTensorFlow } from '#main/runtime/binding'

loadTensorFlow(
  process.env['DPLSTUDIO_RUNTIME'] ?? `${homedir()}/.local/share/dpl-studio/runtime/cpu-linux-x64`,
)
