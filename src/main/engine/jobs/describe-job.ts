import type { EngineDescription } from '#shared/schemas/results'
import { loadTensorFlow } from '#main/runtime/binding'
import { selfTest, type Check } from '#main/runtime/device-report'

/** What this process computes with, and whether it computes rightly. `packFolder` is the pack it has loaded. */
export async function describeEngine(packFolder: string): Promise<EngineDescription> {
  const tensorFlow = loadTensorFlow(packFolder)
  const { backend, device, multiplication, gradient } = await selfTest(tensorFlow)
  const { binding } = tensorFlow.backend() as unknown as { binding: { TF_Version: string } }
  return {
    backend,
    usingGpu: device === 'gpu',
    deviceName: null,
    tensorflowVersion: binding.TF_Version,
    bindingVersion: tensorFlow.version['tfjs-node'],
    selfTest: [describeCheck('multiplication', multiplication), describeCheck('gradient', gradient)],
  }
}

function describeCheck(name: string, { passed, largestError, allowed }: Check) {
  return { name, passed, detail: `largest error ${largestError}, allowed ${allowed}` }
}
