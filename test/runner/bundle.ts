// A step of `npm run build`: joins the modules of each program into few files, which load in a third of the time.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { projectPath, projectRoot } from '../support/project-root.ts'
import { bundledPackage, licenseText } from './bundle-licenses.ts'

/** Programs that start as processes or threads of their own, by the name of their file in dist/bin/. */
const PROGRAMS = {
  rekindle: 'dist/src/cli.js',
  'call-worker': 'dist/src/execution/call-worker.js',
  'node-entry': 'dist/devnet/cluster/node-entry.js'
}
/** Packages that load files of their own: native code, and loggers that start a thread from a path. */
const NOT_BUNDLED = ['classic-level', 'pino', 'pino-pretty', 'secp256k1', 'snappy']
/** Bundled CommonJS packages ask for Node's own modules by `require`, which a module has not. */
const BANNER = [
  "import { createRequire as createBundleRequire } from 'node:module'",
  'const require = createBundleRequire(import.meta.url)'
].join('\n')

const BIN = projectPath('dist', 'bin')
/** Which modules each file of dist/bin/ is made of, for the test of what a command loads. */
const PARTS_FILE = projectPath('dist', 'bundle-parts.json')

const { outputFiles, metafile } = await build({
  absWorkingDir: projectRoot,
  entryPoints: PROGRAMS,
  outdir: BIN,
  chunkNames: '[name]-[hash]',
  external: NOT_BUNDLED,
  banner: { js: BANNER },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  legalComments: 'inline',
  logLevel: 'warning',
  metafile: true,
  write: false
})

const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
files.set('LICENSES.txt', Buffer.from(licenseText(packageFolders(metafile))))
mkdirSync(BIN, { recursive: true })
for (const [name, contents] of files) writeIfChanged(join(BIN, name), contents)
for (const name of readdirSync(BIN)) if (!files.has(name)) rmSync(join(BIN, name))
writeIfChanged(PARTS_FILE, Buffer.from(JSON.stringify(partsOf(metafile), undefined, 1)))

/** A program that runs meanwhile finds the files that it has yet to load, unless what they hold changed. */
function writeIfChanged(path: string, contents: Uint8Array): void {
  let present: Uint8Array | undefined
  try {
    present = readFileSync(path)
  } catch {
    present = undefined // not built before
  }
  if (present === undefined || Buffer.compare(present, contents) !== 0) {
    writeFileSync(path, contents)
  }
}

/** Folders of the packages of which something is in the bundle, sorted. */
function packageFolders({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const folders = inputs.map(bundledPackage).filter((folder) => folder !== undefined)
  return [...new Set(folders)].sort()
}

/** File name in dist/bin/ → the paths of its modules. */
function partsOf({ outputs }: Metafile): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([path]) => dirname(path) === 'dist/bin')
      .map(([path, { inputs }]) => [basename(path), Object.keys(inputs)])
  )
}
