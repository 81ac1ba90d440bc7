// `rekindle db inspect` and `db verify` on real databases: sound, damaged, locked, missing.
import assert from 'node:assert/strict'
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { sampleGenesisText } from '../../../src/chain/genesis/sample-genesis.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { inspectDirectory, verifyDirectory } from '../../../src/cli/db-command.ts'
import { openStores } from '../../../src/node/open-stores.ts'
import {
  CHAIN_DATABASE,
  CHAIN_PREFIX,
  soleKey,
  STATE_DATABASE,
  STATE_PREFIX
} from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { TEST_CHAIN_ID, TEST_SIGNER } from '../../support/signed-chain.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

describe('db', () => {
  const directory = useTemporaryDirectory()
  const dataDir = () => join(directory.path, 'data')
  const configFile = () => join(directory.path, 'config.json')

  async function makeNode() {
    const text = sampleGenesisText({
      chainId: Number(TEST_CHAIN_ID),
      signer: TEST_SIGNER,
      fundedAccounts: [TEST_SIGNER],
      timestamp: 1_700_000_000,
      blockTimeMs: 1000
    })
    const genesisFile = join(directory.path, 'genesis.json')
    await writeFile(genesisFile, text)
    const config = { role: 'backup', dataDir: dataDir(), genesisFile }
    await writeFile(configFile(), JSON.stringify(config))
    const genesis = parseGenesis(text)
    const schedule = createSignerSchedule(genesis.config.signers)
    return openStores(dataDir(), { genesis, schedule }, { clock: systemClock, log: silentLog })
  }

  async function run(command: typeof verifyDirectory, isJson = true, isRepair = false) {
    let stdout = ''
    let stderr = ''
    const io = {
      print: (text: string) => void (stdout += text),
      complain: (text: string) => void (stderr += text),
      env: {},
      cwd: directory.path
    }
    const flags = { configFile: configFile(), isJson, isRepair }
    const exitCode = await command(flags, { parseAdvertised, parseListen, parsePeer }, io)
    return { exitCode, stdout, stderr }
  }

  it('verify finds nothing wrong with a sound directory, inspect says what is in it', async () => {
    const stores = await makeNode()
    await stores.close()
    const verified = await run(verifyDirectory)
    assert.equal(verified.exitCode, 0, verified.stderr)
    const result = JSON.parse(verified.stdout) as Record<string, unknown>
    assert.equal(result.ok, true)
    assert.deepEqual(result.head, { number: 0, hash: stores.genesis.hash })
    assert.ok(Number(result.accountsCount) > 0)
    const inspected = await run(inspectDirectory, false)
    assert.equal(inspected.exitCode, 0)
    assert.match(inspected.stdout, new RegExp(stores.genesis.hash))
  })

  /** Flips a bit of the first entry with this prefix; resolves with its key in hex, without the prefix. */
  async function flipFirst(prefix: number): Promise<string> {
    const state = await openLevelStore(join(dataDir(), 'state'), STATE_DATABASE)
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1), limit: 1 }
    let place = ''
    for await (const [key, value] of state.iterate(range)) {
      const damaged = Uint8Array.from(value)
      damaged[0]! ^= 1
      place = Buffer.from(key.subarray(1)).toString('hex')
      await state.batch([{ type: 'put', key, value: damaged }], { sync: true })
    }
    await state.close()
    return place
  }

  it('verify ends with 1 and names the place of a flipped bit; with --repair it mends it from the trie', async () => {
    const stores = await makeNode()
    await stores.close()
    const place = await flipFirst(STATE_PREFIX.account)
    const found = await run(verifyDirectory, false)
    assert.equal(found.exitCode, 1)
    assert.ok(found.stdout.includes(`account 0x${place}`), found.stdout)
    assert.ok(!found.stdout.includes('(mended)'), found.stdout)

    const mended = await run(verifyDirectory, false, true)
    assert.equal(mended.exitCode, 0, mended.stdout)
    assert.match(mended.stdout, new RegExp(`account 0x${place}: .*\\(mended\\)`))
    const again = JSON.parse((await run(verifyDirectory)).stdout) as Record<string, unknown>
    assert.deepEqual([again.ok, again.faultsCount, again.mendedCount], [true, 0, 0])
  })

  it('verify --repair makes a damaged trie node again of what is left', async () => {
    const stores = await makeNode()
    await stores.close()
    await flipFirst(STATE_PREFIX.accountNode)
    const { exitCode, stdout } = await run(verifyDirectory, false, true)
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /state: node \/: .*\(mended\)/)
    assert.equal((await run(verifyDirectory)).exitCode, 0)
  })

  it('verify --repair names a damaged code, and the command that helps', async () => {
    const stores = await makeNode()
    await stores.close()
    await flipFirst(STATE_PREFIX.code)
    const { exitCode, stdout } = await run(verifyDirectory, false, true)
    assert.equal(exitCode, 1)
    assert.match(stdout, /state: code 0x/)
    assert.ok(!stdout.includes('(mended)'), stdout)
    assert.match(stdout, /next .*rekindle db verify --repair --peer/)
  })

  it('verify names the first byte of a journal that cannot be used', async () => {
    const stores = await makeNode()
    await stores.journal.write()
    await stores.close()
    const file = join(dataDir(), 'journal', 'layers')
    assert.equal((await run(verifyDirectory)).exitCode, 0)
    await appendFile(file, Uint8Array.of(1, 2, 3))
    const { exitCode, stdout } = await run(verifyDirectory, false)
    assert.equal(exitCode, 1)
    assert.match(stdout, /journal byte 80: a record is cut or damaged/)
  })

  it('refuses a directory that a node has open, and one that holds something else', async () => {
    const stores = await makeNode()
    for (const command of [verifyDirectory, inspectDirectory]) {
      const { exitCode, stderr } = await run(command)
      assert.equal(exitCode, 2)
      assert.match(stderr, /store-locked/)
    }
    await stores.close()
    await mkdir(join(dataDir(), 'photos'))
    const { exitCode, stderr } = await run(verifyDirectory)
    assert.equal(exitCode, 2)
    assert.match(stderr, /foreign-directory.*photos/)
  })

  it('makes nothing where there is no node, and begins no chain where there is none', async () => {
    await (await makeNode()).close()
    await rm(dataDir(), { recursive: true })
    for (const leftover of [undefined, 'data', 'data/chain']) {
      if (leftover !== undefined) await mkdir(join(directory.path, leftover))
      const before = await readdir(directory.path, { recursive: true })
      for (const command of [verifyDirectory, inspectDirectory]) {
        const { exitCode, stdout, stderr } = await run(command)
        assert.equal(exitCode, 2, stdout)
        assert.match(stderr, /store-missing path=.*chain/)
      }
      assert.deepEqual(await readdir(directory.path, { recursive: true }), before)
    }
    const empty = await openLevelStore(join(dataDir(), 'chain'), CHAIN_DATABASE)
    await empty.close()
    assert.match((await run(inspectDirectory)).stderr, /store-missing/)
    const store = await openLevelStore(join(dataDir(), 'chain'), CHAIN_DATABASE)
    assert.equal(store.get(soleKey(CHAIN_PREFIX.head)), undefined)
    await store.close()
  })

  it('verify goes on where there is no state, and calls that a fault', async () => {
    await (await makeNode()).close()
    await rm(join(dataDir(), 'state'), { recursive: true })
    const { exitCode, stdout } = await run(verifyDirectory, false)
    assert.equal(exitCode, 1)
    assert.match(stdout, /state: point P: there is no state/)
    assert.deepEqual(await readdir(dataDir()), ['chain'])
    assert.equal((await run(inspectDirectory)).exitCode, 0)
  })

  it('verify names a journal that cannot be read, which keeps a node from starting', async () => {
    await (await makeNode()).close()
    await mkdir(join(dataDir(), 'journal', 'layers'), { recursive: true })
    const { exitCode, stdout } = await run(verifyDirectory, false)
    assert.equal(exitCode, 1)
    assert.match(stdout, /journal the file: it cannot be read: it is not a file/)
    assert.match((await run(inspectDirectory, false)).stdout, /it is not a file/)
  })

  it('verify names a state that is of no block of the chain, however sound it is', async () => {
    const stores = await makeNode()
    const foreign = { number: 0n, hash: `0x${'77'.repeat(32)}` } as const
    await stores.state.resetToGenesis({ ...foreign, changes: { accounts: [], codes: [] } })
    await stores.close()
    const { exitCode, stdout } = await run(verifyDirectory, false)
    assert.equal(exitCode, 1)
    assert.match(stdout, /state: point P: it is of block 0 \(0x7777/)
  })

  it('verify names a state that is not that of its block', async () => {
    const stores = await makeNode()
    const { number, hash } = stores.genesis
    await stores.state.resetToGenesis({ number, hash, changes: { accounts: [], codes: [] } })
    await stores.close()
    const { exitCode, stdout } = await run(verifyDirectory, false)
    assert.equal(exitCode, 1)
    assert.ok(stdout.includes(`that of its block ${stores.genesis.stateRoot}`), stdout)
  })

  it('names what is wrong with the config', async () => {
    await writeFile(configFile(), '{"role":"backup"}')
    const { exitCode, stderr } = await run(verifyDirectory)
    assert.equal(exitCode, 2)
    assert.match(stderr, /dataDir/)
  })
})
