import { z } from 'zod'

/**
 * Runtime packs: where libtensorflow comes from.
 * `cpu`: the public CPU wheel. `cuda12`: the GPU wheel and NVIDIA's CUDA 12 wheels, no system CUDA needed.
 * `official`: the files that the installer of @tensorflow/tfjs-node-gpu would fetch; needs CUDA 11.2 on the system.
 */
export const PackName = z.enum(['cpu', 'cuda12', 'official'])
export type PackName = z.infer<typeof PackName>

/** A file to be fetched, and what of it goes where in the pack. */
export interface Archive {
  readonly file: string
  readonly bytes: number
  /** null: the publisher gives no checksum and none could be taken at the source; then it is recorded on installation */
  readonly sha256: string | null
  /** `pip`: a requirement for the user's own pip and mirror. `url`: a plain address. */
  readonly origin: { readonly pip: string } | { readonly url: string }
  /** Where an entry of the archive goes, relative to the pack's folder; null when it is not needed. */
  readonly take: (entry: string) => string | null
  /** How many entries `take` must have found for the archive to be complete. */
  readonly entries: number
}

export interface PackSource {
  readonly tensorflow: string
  readonly archives: readonly Archive[]
  /** bytes on disk once installed */
  readonly installedBytes: number
  /** `compile` the binding from the package's sources, or take the `prebuilt` one out of an archive */
  readonly binding: 'compile' | 'prebuilt'
  /** links to make, relative to the pack's folder, and what they point to, relative to themselves */
  readonly links: Readonly<Record<string, string>>
}

/** What every pack is for, in words. */
export const packTitles: Readonly<Record<PackName, string>> = {
  cpu: 'TensorFlow 2.21 for the processor',
  cuda12: 'TensorFlow 2.21 for NVIDIA graphics cards, with CUDA 12.9 and cuDNN 9.10',
  official:
    'TensorFlow 2.9.1 as the npm package installs it; uses CUDA 11.2 and cuDNN 8.1 where the system has them',
}

/** The source of a pack on a platform such as `linux-x64`; undefined when there is none. */
export function packSource(pack: PackName, platform: string): PackSource | undefined {
  if (pack === 'official') return officialSource(platform)
  if (platform !== 'linux-x64') return undefined
  return pack === 'cpu' ? cpuSource : cuda12Source
}

/** Headers that the binding includes, directly or not: all the compiler asks for, out of thousands in the wheel. */
const headers = [
  ...[
    'c_api',
    'c_api_macros',
    'tf_attrtype',
    'tf_buffer',
    'tf_datatype',
    'tf_status',
    'tf_tensor',
    'tf_tstring',
  ].map((name) => `tensorflow/c/${name}.h`),
  'tensorflow/c/eager/c_api.h',
  'tensorflow/core/platform/ctstring.h',
  'tensorflow/core/platform/ctstring_internal.h',
  'tsl/platform/ctstring.h',
  'tsl/platform/ctstring_internal.h',
  'xla/tsl/c/tsl_status.h',
]

/** Where headers wait for the compiler; removed before the pack is complete. */
export const headerFolder = 'build-headers'

const tensorflowFiles = new Map<string, string>([
  ['tensorflow/libtensorflow_cc.so.2', 'deps/lib/libtensorflow_cc.so.2'],
  ['tensorflow/libtensorflow_framework.so.2', 'deps/lib/libtensorflow_framework.so.2'],
  ...headers.map((header) => [`tensorflow/include/${header}`, `${headerFolder}/${header}`] as const),
])

function tensorflowWheel(name: string, bytes: number, sha256: string): Archive {
  return {
    file: `${name.replace('-', '_')}-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl`,
    bytes,
    sha256,
    origin: { pip: `${name}==2.21.0` },
    take: (entry) => tensorflowFiles.get(entry) ?? null,
    entries: tensorflowFiles.size,
  }
}

/** A binding linked as the package's own asks for the library by another name than the wheel's. */
const libraryLink = { 'deps/lib/libtensorflow.so.2': 'libtensorflow_cc.so.2' }

const cpuSource: PackSource = {
  tensorflow: '2.21.0',
  archives: [
    tensorflowWheel(
      'tensorflow-cpu',
      273_829_956,
      '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    ),
  ],
  installedBytes: 860_000_000,
  binding: 'compile',
  links: libraryLink,
}

/** Shared libraries of an NVIDIA wheel, and for the compiler wheel what XLA calls at run time. */
function takeNvidia(entry: string): string | null {
  const library = /^nvidia\/[a-z0-9_]+\/lib\/[^/]+\.so[^/]*$/.test(entry)
  const compiler = /^nvidia\/cuda_nvcc\/(bin\/ptxas|nvvm\/.+)$/.test(entry)
  return library || compiler ? `deps/${entry}` : null
}

function nvidiaWheel(
  [library, version, platforms]: readonly [string, string, string],
  bytes: number,
  sha256: string,
): Archive {
  return {
    file: `nvidia_${library}_cu12-${version}-py3-none-${platforms}.whl`,
    bytes,
    sha256,
    origin: { pip: `nvidia-${library.replaceAll('_', '-')}-cu12==${version}` },
    take: takeNvidia,
    entries: 1,
  }
}

// CUDA 12.9 with cuDNN 9.10, the last that still serves cards before Turing (Maxwell, Pascal, Volta).
const cuda12Source: PackSource = {
  tensorflow: '2.21.0',
  archives: [
    tensorflowWheel(
      'tensorflow',
      572_440_367,
      '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    ),
    nvidiaWheel(
      ['cublas', '12.9.1.4', 'manylinux_2_27_x86_64'],
      581_242_350,
      '453611eb21a7c1f2c2156ed9f3a45b691deda0440ec550860290dc901af5b4c2',
    ),
    nvidiaWheel(
      ['cuda_cupti', '12.9.79', 'manylinux_2_25_x86_64'],
      10_814_997,
      '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
    ),
    nvidiaWheel(
      ['cuda_nvcc', '12.9.86', 'manylinux2010_x86_64.manylinux_2_12_x86_64'],
      40_546_229,
      '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    ),
    nvidiaWheel(
      ['cuda_nvrtc', '12.9.86', 'manylinux2010_x86_64.manylinux_2_12_x86_64'],
      89_568_129,
      '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    ),
    nvidiaWheel(
      ['cuda_runtime', '12.9.79', 'manylinux2014_x86_64.manylinux_2_17_x86_64'],
      3_493_179,
      '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    ),
    nvidiaWheel(
      ['cudnn', '9.10.2.21', 'manylinux_2_27_x86_64'],
      706_758_467,
      '949452be657fa16687d0930933f032835951ef0892b37d2d53824d1a84dc97a8',
    ),
    nvidiaWheel(
      ['cufft', '11.4.1.4', 'manylinux2014_x86_64.manylinux_2_17_x86_64'],
      200_877_592,
      'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    ),
    nvidiaWheel(
      ['curand', '10.3.10.19', 'manylinux_2_27_x86_64'],
      68_295_626,
      '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    ),
    nvidiaWheel(
      ['cusolver', '11.7.5.82', 'manylinux_2_27_x86_64'],
      338_117_415,
      '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    ),
    nvidiaWheel(
      ['cusparse', '12.5.10.65', 'manylinux2014_x86_64.manylinux_2_17_x86_64'],
      366_465_088,
      '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    ),
    nvidiaWheel(
      ['nccl', '2.28.9', 'manylinux_2_18_x86_64'],
      296_782_137,
      '485776daa8447da5da39681af455aa3b2c2586ddcf4af8772495e7c532c7e5ab',
    ),
    nvidiaWheel(
      ['nvjitlink', '12.9.86', 'manylinux2010_x86_64.manylinux_2_12_x86_64'],
      39_748_338,
      'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    ),
  ],
  installedBytes: 5_500_000_000,
  binding: 'compile',
  // cuDNN looks for the run-time compiler under a name that NVIDIA's own wheel does not use.
  links: { ...libraryLink, 'deps/nvidia/nvrtc': 'cuda_nvrtc' },
}

/** What `scripts/install.js` of tfjs-node-gpu 4.22.0 fetches, including its two variables for mirrors. */
function officialSource(platform: string): PackSource | undefined {
  const system = { 'linux-x64': 'linux', 'win32-x64': 'windows' }[platform]
  if (system === undefined) return undefined
  const extension = system === 'windows' ? 'zip' : 'tar.gz'
  const storage = process.env['TFJS_NODE_CDN_STORAGE'] ?? 'https://storage.googleapis.com/'
  const base = process.env['TFJS_NODE_BASE_URI'] ?? `${storage}tensorflow/libtensorflow/libtensorflow-`
  const library = `gpu-${system}-x86_64-2.9.1.${extension}`
  const binding = `GPU-${system}-4.22.0.${extension}`
  return {
    tensorflow: '2.9.1',
    archives: [
      {
        file: `libtensorflow-${library}`,
        bytes: 400_000_000,
        sha256: null,
        origin: { url: `${base}${library}` },
        take: takeOfficialLibrary,
        entries: system === 'windows' ? 1 : 2,
      },
      {
        file: binding,
        bytes: 200_000,
        sha256: null,
        origin: { url: `${storage}tf-builds/pre-built-binary/napi-v8/4.22.0/${binding}` },
        take: (entry) => (baseName(entry) === 'tfjs_binding.node' ? 'lib/napi-v8/tfjs_binding.node' : null),
        entries: 1,
      },
    ],
    installedBytes: 1_200_000_000,
    binding: 'prebuilt',
    links: {},
  }
}

/** Full names only: the shorter ones are links in the archive, and links are never followed or made from archives. */
function takeOfficialLibrary(entry: string): string | null {
  const name = baseName(entry)
  if (name === 'tensorflow.dll') return 'lib/napi-v8/tensorflow.dll'
  const library = /^(libtensorflow(?:_framework)?\.so\.2)\.9\.1$/.exec(name)?.[1]
  return library === undefined ? null : `deps/lib/${library}`
}

function baseName(entry: string): string {
  return entry.slice(entry.lastIndexOf('/') + 1)
}
