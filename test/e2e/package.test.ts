// The package as an operator installs it: what is in it, what it needs, each of its commands, each of its exports.
import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { LOAD_PACKAGES } from '../../devnet/load/load-packages.ts'
import { type ScenarioReport } from '../../devnet/cluster/report.ts'
import { InstalledPackage, packProject, type Tarball } from '../support/installed-package.ts'
import { projectPath, projectRoot } from '../support/project-root.ts'

interface LockedPackage {
  readonly dev?: boolean
  readonly devOptional?: boolean
}

interface SourceMap {
  readonly sources: readonly string[]
  readonly sourcesContent?: readonly (string | null)[]
}

describe('the package', function () {
  this.timeout(400_000)
  let directory = ''
  let tarball: Tarball
  let node: InstalledPackage

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rekindle-package-'))
    tarball = await packProject(directory)
    node = await InstalledPackage.install(tarball, join(directory, 'node'))
  })
  after(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))

  /** Runs a script as a program of somebody who has installed the package. */
  async function runScript(lines: readonly string[]): Promise<string> {
    const file = join(node.folder, 'program.mjs')
    await writeFile(file, lines.join('\n'))
    const { exitCode, stdout, stderr } = await node.run(process.execPath, [file])
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  it('holds what its commands, exports and pages are made of', async () => {
    const pages = (await readdir(projectPath('protocols'), { recursive: true }))
      .filter((path) => /\.(md|json)$/.test(path))
      .map((path) => `protocols/${path}`)
    assert.ok(pages.includes('protocols/status/vectors.json'))
    const wanted = [
      ...['package.json', 'README.md', 'LICENSE', 'devnet/load/Token.sol'],
      ...['dist/config.schema.json', 'dist/src/index.js', 'dist/src/index.d.ts'],
      ...Object.values(node.manifest.bin),
      ...pages
    ]
    assert.deepEqual(
      wanted.filter((path) => !tarball.paths.includes(path)),
      []
    )
  })

  it('holds no sources, tests or leavings of the build', () => {
    const isForeign = (path: string) =>
      (path.endsWith('.ts') && !path.endsWith('.d.ts')) ||
      /(^|\/)test\/|\.test\.|\.tsbuildinfo$|(^|\/)\./.test(path)
    assert.deepEqual(tarball.paths.filter(isForeign), [])
  })

  it('has the licences of the packages that are in the bundle', async () => {
    const text = await readFile(node.path('dist/bin/LICENSES.txt'), 'utf8')
    for (const name of ['libp2p', '@ethereumjs/evm', 'fastify']) {
      assert.ok(new RegExp(`^${name} [0-9.]+: .+$`, 'm').test(text), name) // a match would print all of it
    }
  })

  it('has source maps that hold the sources they speak of', async () => {
    const scripts = tarball.paths.filter(
      (path) => path.endsWith('.js') && !path.startsWith('dist/bin/')
    )
    const maps = tarball.paths.filter((path) => path.endsWith('.map'))
    assert.deepEqual(maps.toSorted(), scripts.map((path) => `${path}.map`).toSorted())
    for (const path of maps) {
      const file = node.path(path)
      const map = JSON.parse(await readFile(file, 'utf8')) as SourceMap
      for (const [index, source] of map.sources.entries()) {
        const inProject = relative(node.path('.'), join(dirname(file), source))
        const text = await readFile(projectPath(inProject), 'utf8')
        assert.equal(map.sourcesContent?.[index], text, `${path} has not ${inProject}`)
      }
    }
  })

  it("is installed without the devnet's packages", async () => {
    const lock = JSON.parse(await readFile(projectPath('package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, LockedPackage>>
    }
    const installed = Object.entries(lock.packages)
      .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
      .map(([path]) => path.split('node_modules/').at(-1)!)
    for (const name of [
      ...Object.keys(LOAD_PACKAGES),
      'solc',
      '@openzeppelin/contracts',
      'ox',
      'esbuild',
      'typescript'
    ]) {
      assert.ok(!installed.includes(name), name)
    }
    const missing = Object.keys(node.manifest.dependencies).filter(
      (name) => !installed.includes(name)
    )
    assert.deepEqual(missing, [])
  })

  it('asks in a clone for no package that wants another version of Node', async () => {
    const clone = join(directory, 'clone')
    await mkdir(clone)
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      await copyFile(join(projectRoot, name), join(clone, name))
    }
    // It reads the lock file alone, and stops before it fetches anything.
    const flags = ['--dry-run', '--offline', '--engine-strict', '--ignore-scripts']
    const args = ['--prefix', clone, 'ci', ...flags, '--cache', join(directory, 'cache')]
    const { exitCode, stderr } = await node.run('npm', args)
    assert.equal(exitCode, 0, stderr)
    assert.doesNotMatch(stderr, /EBADENGINE/)
  })

  it('has the command rekindle, which makes a node', async () => {
    const version = await node.runBin('rekindle', '--version')
    assert.deepEqual(version, { exitCode: 0, stdout: `${node.manifest.version}\n`, stderr: '' })
    const help = await node.runBin('rekindle', '--help')
    assert.equal(help.exitCode, 0, help.stderr)
    assert.match(help.stdout, /^Usage: rekindle /)
    const made = await node.runBin('rekindle', 'init', '--role', 'sequencer', '--datadir', 'seq')
    assert.equal(made.exitCode, 0, made.stderr)
    const files = await readdir(join(node.folder, 'seq.keys'))
    assert.ok(files.includes('config.json') && files.includes('sequencer.key'), files.join())
  })

  it('has the command rekindle-conformance', async () => {
    const help = await node.runBin('rekindle-conformance', '--help')
    assert.equal(help.exitCode, 0, help.stderr)
    assert.match(help.stdout, /^usage: rekindle-conformance /)
    const listen = ['--peer-key', 'suite.key', '--listen', '/ip4/127.0.0.1/tcp/9400']
    const address = await node.runBin('rekindle-conformance', '--print-address', ...listen)
    assert.equal(address.exitCode, 0, address.stderr)
    assert.match(address.stdout, /\/ip4\/127\.0\.0\.1\/tcp\/9400\/p2p\/\w+/)
  })

  it('has the command rekindle-devnet, which says what else it needs', async () => {
    const help = await node.runBin('rekindle-devnet', '--help')
    assert.equal(help.exitCode, 0, help.stderr)
    assert.match(help.stdout, /^Usage: rekindle-devnet /)
    const refused = await node.runBin('rekindle-devnet', '--exit')
    assert.equal(refused.exitCode, 2, refused.stderr)
    const specs = Object.entries(node.manifest.peerDependencies).map(
      ([name, range]) => `"${name}@${range}"`
    )
    assert.ok(refused.stderr.includes(`npm install ${specs.join(' ')}\n`), refused.stderr)
    assert.equal(refused.stderr.trimEnd().split('\n').length, 1)
    const made = await node.runBin('rekindle-devnet', '--make-chain', 'chain')
    assert.equal(made.exitCode, 0, made.stderr) // a chain for the suite needs no more than the node
  })

  it('runs a scenario of the devnet to its end where that is installed', async () => {
    const folder = join(directory, 'devnet')
    const devnet = await InstalledPackage.install(tarball, folder, Object.keys(LOAD_PACKAGES))
    const flags = ['--scenario', 'one-block-behind', '--backups', '2', '--exit', '--json']
    const { exitCode, stdout, stderr } = await devnet.runBin('rekindle-devnet', ...flags)
    assert.equal(exitCode, 0, stderr)
    const report = JSON.parse(stdout) as ScenarioReport
    assert.equal(report.ok, true)
  })

  it('has exports that can be imported, the codecs and vectors of all protocols among them', async () => {
    const protocols = tarball.paths
      .filter((path) => /^dist\/protocols\/.*\.js$/.test(path))
      .filter((path) => path !== 'dist/protocols/conformance/run.js')
      .map((path) => path.replace('dist/', 'rekindle/'))
    assert.ok(protocols.includes('rekindle/protocols/status/codec.js'))
    const jsons = tarball.paths
      .filter((path) => /^protocols\/.*\.json$/.test(path))
      .map((path) => `rekindle/${path}`)
    const printed = await runScript([
      ...['rekindle', ...protocols].map((name) => `await import('${name}')`),
      ...[...jsons, 'rekindle/config.schema.json', 'rekindle/package.json'].map(
        (name) => `await import('${name}', { with: { type: 'json' } })`
      ),
      "const { createNode } = await import('rekindle')",
      "const run = await import('rekindle/protocols/conformance/run.js').catch(({ code }) => code)",
      'console.log(typeof createNode, run)'
    ])
    assert.equal(printed, 'function ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  it('has types that a program is checked by', async () => {
    await writeFile(
      join(node.folder, 'program.ts'),
      [
        "import { createNode, type NodeConfig, type RunningNode } from 'rekindle'",
        "import { STATUS } from 'rekindle/protocols/status/codec.js'",
        'type IsAny<T> = 0 extends 1 & T ? true : false',
        'const isAny: [',
        '  IsAny<typeof createNode>,',
        '  IsAny<NodeConfig>,',
        '  IsAny<RunningNode>,',
        '  IsAny<typeof STATUS>',
        '] = [false, false, false, false]',
        'export { createNode, STATUS, isAny }'
      ].join('\n')
    )
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
    const types = ['--target', 'es2023', '--types', 'node', '--typeRoots']
    const { exitCode, stdout } = await node.run(process.execPath, [
      projectPath('node_modules/typescript/bin/tsc'),
      ...[...flags, ...types, projectPath('node_modules/@types'), 'program.ts']
    ])
    assert.equal(exitCode, 0, stdout)
  })
})
