// The package as npm makes and installs it, without a download: packed from the clone, unpacked beside links to the
// packages that it declares, and to no others, so that an import of anything else fails.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { type Ended } from './node-command.ts'
import { projectPath, projectRoot } from './project-root.ts'

/** A command that takes longer hangs, and is ended: a scenario takes half a minute, more beside other clusters. */
const HANGS_MS = 300_000

/** What the tests read of package.json. */
export interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** A tarball, and the paths in it. */
export interface Tarball {
  readonly file: string
  readonly paths: readonly string[]
}

/** `npm pack` of what dist/ holds, into a directory. */
export async function packProject(directory: string): Promise<Tarball> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]
  const { stdout } = await promisify(execFile)('npm', args, {
    cwd: projectRoot,
    maxBuffer: 64 * 2 ** 20
  })
  // A list of packages, or one object with a key for each, by npm's version.
  const [packed] = Object.values(
    JSON.parse(stdout) as Record<
      string,
      { readonly filename: string; readonly files: readonly { readonly path: string }[] }
    >
  )
  if (packed === undefined) throw new Error('npm packed nothing')
  return { file: join(directory, packed.filename), paths: packed.files.map(({ path }) => path) }
}

/** A folder with the package in its `node_modules`. */
export class InstalledPackage {
  readonly folder: string
  readonly manifest: Manifest

  constructor(folder: string, manifest: Manifest) {
    this.folder = folder
    this.manifest = manifest
  }

  /** Unpacks into a new folder. `peers`: the optional packages that are installed beside it. */
  static async install(
    { file }: Tarball,
    folder: string,
    peers: readonly string[] = []
  ): Promise<InstalledPackage> {
    const root = join(folder, 'node_modules', 'rekindle')
    await mkdir(root, { recursive: true })
    await promisify(execFile)('tar', ['-xzf', file, '--strip-components=1', '-C', root])
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
    for (const name of [...Object.keys(manifest.dependencies), ...peers]) {
      await link(projectPath('node_modules', name), join(folder, 'node_modules', name))
    }
    for (const [name, target] of Object.entries(manifest.bin)) {
      // As npm does: a link, and the right to be executed.
      await chmod(join(root, target), 0o755)
      await link(join(root, target), join(folder, 'node_modules', '.bin', name))
    }
    return new InstalledPackage(folder, manifest)
  }

  /** The path of a file of the package. */
  path(inPackage: string): string {
    return join(this.folder, 'node_modules', 'rekindle', inPackage)
  }

  /** Runs one of its commands in the folder, to its end. */
  async runBin(name: string, ...args: readonly string[]): Promise<Ended> {
    return this.run(join(this.folder, 'node_modules', '.bin', name), args)
  }

  /** Runs any program in the folder, to its end. */
  async run(file: string, args: readonly string[]): Promise<Ended> {
    const child = spawn(file, args, {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANGS_MS
    })
    const closed = once(child, 'close') as Promise<[number | null]>
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      closed
    ])
    return { exitCode, stdout, stderr }
  }
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path)
}
