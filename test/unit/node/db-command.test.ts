// `rekindle db inspect` and `db verify` on real databases: sound, damaged, locked, missing.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createSignerSchedule } from '../../../src/chain/signer-schedule.ts'
import { sampleGenesisText } from '../../../src/chain/sample-genesis.ts'
import { parseGenesis } from '../../../src/chain/genesis.ts'
import { parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { inspectDirectory, verifyDirectory } from '../../../src/node/db-command.ts'
import { openStores } from '../../../src/node/open-stores.ts'
import { STATE_DATABASE, STATE_PREFIX } from '../../../src/store/keys.ts'
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

  async function run(command: typeof verifyDirectory, isJson = true) {
    let stdout = ''
    let stderr = ''
    const io = {
      print: (text: string) => void (stdout += text),
      complain: (text: string) => void (stderr += text),
      env: {},
      cwd: directory.path
    }
    const flags = { configFile: configFile(), isJson }
    const exitCode = await command(flags, { parsePeer, parseListen }, io)
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

  it('verify ends with 1 and names the place of a flipped bit', async () => {
    const stores = await makeNode()
    await stores.close()
    const state = await openLevelStore(join(dataDir(), 'state'), STATE_DATABASE)
    const range = {
      start: Uint8Array.of(STATE_PREFIX.account),
      end: Uint8Array.of(STATE_PREFIX.account + 1)
    }
    let place = ''
    for await (const [key, value] of state.iterate({ ...range, limit: 1 })) {
      const damaged = Uint8Array.from(value)
      damaged[0]! ^= 1
      place = Buffer.from(key.subarray(1)).toString('hex')
      await state.batch([{ type: 'put', key, value: damaged }], { sync: true })
    }
    await state.close()
    const { exitCode, stdout } = await run(verifyDirectory, false)
    assert.equal(exitCode, 1)
    assert.ok(stdout.includes(`account 0x${place}`), stdout)
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

  it('names what is wrong with the config', async () => {
    await writeFile(configFile(), '{"role":"backup"}')
    const { exitCode, stderr } = await run(verifyDirectory)
    assert.equal(exitCode, 2)
    assert.match(stderr, /dataDir/)
  })
})
