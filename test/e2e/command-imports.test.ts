// What each command loads: nothing that it does not use. V8 lists every file that ran, the build what each is made of.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CommandProcess } from '../support/node-command.ts'
import { projectPath } from '../support/project-root.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

/** Modules of our own that may stand between the process and its arguments: commands, flags, help, config keys. */
const OWN_MODULES_MAX = 22
/** Nobody listens on it. */
const NO_RPC = 'http://127.0.0.1:1'
/** Hundreds of modules: for a node that runs. */
const NODE_PACKAGES = [
  '@chainsafe/libp2p-gossipsub',
  '@ethereumjs/evm',
  'fastify',
  'libp2p',
  'prom-client'
]
const DATABASE_PACKAGE = 'classic-level'

/** The part of a coverage file that is read. */
interface Coverage {
  readonly result: readonly { readonly url: string }[]
}

/** Files of the bundle, and the modules that each is made of. */
type Parts = Readonly<Record<string, readonly string[]>>

describe('a command loads', () => {
  const directory = useTemporaryDirectory()

  /** Names of packages, sorted, and files of our own. */
  async function modulesOf(args: readonly string[]) {
    const coverage = join(directory.path, 'coverage')
    const process = new CommandProcess(args, {
      cwd: directory.path,
      env: { NODE_V8_COVERAGE: coverage }
    })
    await process.ended()
    const text = await readFile(projectPath('dist/bundle-parts.json'), 'utf8')
    const parts = new Map(Object.entries(JSON.parse(text) as Parts))
    const packages = new Set<string>()
    const own = new Set<string>()
    for (const file of await readdir(coverage)) {
      const { result } = JSON.parse(await readFile(join(coverage, file), 'utf8')) as Coverage
      for (const module of result.flatMap(({ url }) => parts.get(basename(url)) ?? [url])) {
        const name = /.*node_modules[/]((?:@[^/]+[/])?[^/]+)/.exec(module)?.[1]
        if (name !== undefined) packages.add(name)
        else if (!module.startsWith('node:')) own.add(module)
      }
    }
    return { packages: [...packages].sort(), own: [...own] }
  }

  for (const args of [
    ['--version'],
    ['--help'],
    ['run', '--help'],
    ['init', '--help'],
    ['db', 'verify', '--help'],
    ['rn']
  ]) {
    it(`its declaration alone: ${args.join(' ')}`, async () => {
      const { packages, own } = await modulesOf(args)
      assert.deepEqual(packages, ['commander'])
      assert.ok(own.length <= OWN_MODULES_MAX, own.join('\n'))
    })
  }

  for (const args of [
    ['explain', 'ask'],
    ['config', '--print-defaults'],
    ['status', '--rpc', NO_RPC]
  ]) {
    it(`no package for ${args.join(' ')}`, async () => {
      assert.deepEqual((await modulesOf(args)).packages, ['commander'])
    })
  }

  it('zod for the schema of the config file', async () => {
    const { packages } = await modulesOf(['config', '--print-schema'])
    assert.deepEqual(packages, ['commander', 'zod'])
  })

  it('neither node nor database for the signed record', async () => {
    const { packages } = await modulesOf(['signer', 'show', '--record', 'none'])
    assert.deepEqual(
      packages.filter((name) => [...NODE_PACKAGES, DATABASE_PACKAGE].includes(name)),
      []
    )
  })

  for (const args of [
    ['db', 'inspect', '--config', 'none'],
    ['db', 'choose', '--config', 'none'],
    ['init', '--role', 'sequencer']
  ]) {
    it(`the database and no node for ${args.join(' ')}`, async () => {
      const { packages } = await modulesOf(args)
      assert.ok(packages.includes(DATABASE_PACKAGE), packages.join(' '))
      assert.deepEqual(
        packages.filter((name) => NODE_PACKAGES.includes(name)),
        []
      )
    })
  }

  it('all of it for a node: this way of counting sees what is there', async () => {
    const { packages } = await modulesOf(['run', '--config', 'none'])
    assert.deepEqual(
      [...NODE_PACKAGES, DATABASE_PACKAGE].filter((name) => !packages.includes(name)),
      []
    )
  })
})
