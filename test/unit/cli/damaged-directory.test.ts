// What is advised about a damaged or locked data directory, followed to the letter: it leads out, and never back.
import assert from 'node:assert/strict'
import { mkdir, readdir, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { explanationOf } from '../../../src/cli/explanations.ts'
import { failureLines } from '../../../src/cli/failure-lines.ts'
import { PLACES } from '../../../src/config/node-directory.ts'
import { SET_ASIDE_MAX } from '../../../src/store/mended-store.ts'
import { StateError } from '../../../src/state/state-error.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { runCommand } from '../../support/node-command.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { type NodeFiles, writeNodeFiles } from './exit-fixture.ts'

describe('a damaged data directory', () => {
  const directory = useTemporaryDirectory()
  const place = (name: string) => join(directory.path, name)

  /** Opened twice, so that each database has a table and a log. */
  async function makeNode(): Promise<NodeFiles> {
    const node = await writeNodeFiles(directory.path, 'backup')
    await node.stores(() => undefined)
    await node.stores(() => undefined)
    return node
  }

  async function fileLike(path: string, pattern: RegExp): Promise<string> {
    const name = (await readdir(path)).find((one) => pattern.test(one))
    assert.ok(name, `no file like ${String(pattern)} in ${path}`)
    return join(path, name)
  }

  /** Why a start fails, as far as the databases go; undefined where it does not. */
  async function startFailure(node: NodeFiles) {
    try {
      await node.stores(() => undefined)
      return undefined
    } catch (thrown) {
      assert.ok(thrown instanceof StoreError, String(thrown))
      const code = thrown.failure.code
      assert.equal(failureLines(thrown).at(-1), `  more: rekindle explain ${code}`)
      return { ...thrown.failure, safe: explanationOf(code)?.safe ?? '' }
    }
  }

  it('starts by itself with the chain that is left, and notes that it may have lost something', async () => {
    const node = await makeNode()
    await rm(await fileLike(join(node.dataDir, PLACES.chain), /^MANIFEST/))
    const { head, isLost } = await node.stores(({ blocks, loss }) => ({
      head: blocks.head().number,
      isLost: loss.isLost
    }))
    assert.equal(head, 0n)
    assert.ok(isLost)
    assert.ok(await node.stores(({ loss }) => loss.isLost))
  })

  it('starts by itself with a new state, and keeps the damaged one', async () => {
    const node = await makeNode()
    await truncate(await fileLike(join(node.dataDir, PLACES.state), /\.ldb$/), 0)
    const { number, isLost } = await node.stores(({ state, loss }) => ({
      number: state.diskPoint()?.number,
      isLost: loss.isLost
    }))
    assert.equal(number, 0n)
    assert.ok(!isLost)
    assert.deepEqual(await readdir(join(node.dataDir, PLACES.setAside)), ['state-1'])
  })

  it('starts with a new state after damage to it ended the node, and after nothing else', async () => {
    const node = await makeNode()
    const codeHash = `0x${'ab'.repeat(32)}` as const
    await node.stores(({ noteEnd }) =>
      noteEnd(new StateError({ code: 'view-stale', hash: codeHash }))
    )
    await node.stores(({ noteEnd }) => noteEnd(new StateError({ code: 'code-damaged', codeHash })))
    assert.deepEqual(await readdir(node.dataDir), ['chain', 'state'])
    assert.equal(await node.stores(({ state }) => state.diskPoint()?.number), 0n)
    assert.deepEqual(await readdir(join(node.dataDir, PLACES.setAside)), ['state-1'])
  })

  it('starts once the advice was followed, where a disk damages its state again and again', async () => {
    const node = await makeNode()
    const aside = join(node.dataDir, PLACES.setAside)
    for (let at = 1; at <= SET_ASIDE_MAX; at++) {
      await mkdir(join(aside, `state-${String(at)}`), { recursive: true })
    }
    await rm(await fileLike(join(node.dataDir, PLACES.state), /^CURRENT$/))
    const failure = await startFailure(node)
    assert.equal(failure?.code, 'store-damaged')
    assert.match(failure.safe, /move what lies in set-aside out of the data directory/)
    await rename(aside, place('looked-at'))
    assert.equal(await startFailure(node), undefined)
  })

  it('is told where a damaged part was left inside of it, and starts once that is out', async () => {
    const node = await makeNode()
    await rename(join(node.dataDir, PLACES.state), join(node.dataDir, 'state.damaged'))
    const failure = await startFailure(node)
    assert.equal(failure?.code, 'foreign-directory')
    assert.match(failure.safe, /move what is found there out of it/)
    assert.equal('found' in failure && failure.found, 'state.damaged')
    await rename(join(node.dataDir, 'state.damaged'), place('state.damaged'))
    assert.equal(await startFailure(node), undefined)
  })

  it('is called damaged by the command, and locked while somebody has it open', async () => {
    const node = await makeNode()
    const verify = () => runCommand('db', 'verify', '--config', node.configFile)
    const locked = await node.stores(verify)
    assert.equal(locked.exitCode, 2)
    assert.match(locked.stderr, /^rekindle: store-locked path=.*chain\n/)
    assert.match(locked.stderr, /rekindle explain store-locked\n$/)
    await rm(await fileLike(join(node.dataDir, PLACES.chain), /^MANIFEST/))
    const damaged = await verify()
    assert.equal(damaged.exitCode, 1)
    assert.match(damaged.stderr, /^rekindle: store-damaged path=.*chain reason=.*MANIFEST/)
  })
})
