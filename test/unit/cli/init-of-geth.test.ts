// `rekindle init` from genesis files as geth's tools write them, and what it says of their timestamps.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { projectPath } from '../../support/project-root.ts'
import { genesisWith, SEQUENCER_ADDRESS } from './command-fixture.ts'
import { BACKUP, SEQUENCER, useNodeDirectory } from './init-fixture.ts'

const fixture = (name: string) => readFile(projectPath('test/fixtures', name), 'utf8')
const FROM_FILE = ['--genesis', 'genesis.json']
/** The clock of the stubs. */
const NOW_S = 1_750_000_000

describe("init from geth's genesis file", () => {
  const node = useNodeDirectory()
  beforeEach(async () => node.putGenesis(await fixture('genesis-plain.json')))

  it('takes it as it is, for a sequencer with the block time named beside it', async () => {
    const run = await node.run([...SEQUENCER, ...FROM_FILE, '--block-time', '2000', '--json'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.equal(await node.read('seq.keys/genesis.json'), await fixture('genesis-plain.json'))
    const made = JSON.parse(run.stdout) as {
      readonly signer: string
      readonly chainId: number
      readonly backupFlags: readonly string[]
    }
    assert.equal(made.chainId, 42069)
    // What the file does not say stands in the config, and has to be said to each backup.
    const config = await node.readJson('seq.keys/config.json')
    assert.equal(config.blockTimeMs, 2000)
    assert.deepEqual(config.signers, [{ fromBlock: 0, address: made.signer }])
    const { backupFlags } = made
    assert.deepEqual(backupFlags, ['--signer', made.signer, '--block-time', '2000'])
    const backup = await node.run([...BACKUP, ...backupFlags])
    assert.deepEqual([backup.exitCode, backup.stderr], [0, ''])
    const args = ['backup.keys/config.json', '--peer', '/p2p/peerA'] as const
    const inputs = await node.startInputs(...args)
    assert.equal(inputs.blockTimeMs, 2000)
    assert.deepEqual(inputs.signers, [{ fromBlock: 0n, address: made.signer }])
  })

  it('says of a timestamp of 0 what it costs', async () => {
    const { stderr } = await node.run([...SEQUENCER, ...FROM_FILE, '--block-time', '2000'])
    assert.match(stderr, /^rekindle: warning: the genesis time is 1970-01-01T00:00:00\.000Z: /)
    assert.match(stderr, new RegExp(`has to build ${String(NOW_S / 2)} empty blocks`))
  })

  it('names the flags that say what the file does not', async () => {
    const { exitCode, stderr } = await node.run(BACKUP)
    assert.equal(exitCode, 2)
    assert.match(stderr, /wrote nothing: 2 problems/)
    assert.match(stderr, /blockTimeMs.*--block-time/)
    assert.match(stderr, /signers.*--signer/)
  })
})

describe('the time of a genesis file', () => {
  const node = useNodeDirectory()
  const sequencer = [...SEQUENCER, '--sequencer-key', 'own.key', ...FROM_FILE]

  /** What init says of it for either role. */
  async function warnings(genesis: string): Promise<readonly string[]> {
    await node.putGenesis(genesis)
    const said: string[] = []
    for (const args of [sequencer, BACKUP]) {
      const { exitCode, stderr } = await node.run(args)
      assert.equal(exitCode, 0, stderr)
      said.push(stderr)
    }
    return said
  }

  it('that is old is named to a sequencer, and to no backup, which joins', async () => {
    const file = JSON.parse(await fixture('genesis-old.json')) as {
      readonly config: { readonly rekindle: object }
    }
    const rekindle = {
      ...file.config.rekindle,
      signers: [{ fromBlock: 0, address: SEQUENCER_ADDRESS }]
    }
    const text = JSON.stringify({ ...file, config: { ...file.config, rekindle } })
    const [toSequencer = '', toBackup] = await warnings(text)
    assert.match(toSequencer, /the genesis time is 2023-06-20T01:16:02\.000Z: .*date \+%s/)
    assert.match(toSequencer, new RegExp(` ${String(NOW_S - 0x6490fdd2)} empty blocks`))
    assert.equal(toBackup, '')
  })

  it('that lies ahead is named to everybody', async () => {
    for (const said of await warnings(genesisWith({ top: { timestamp: NOW_S + 3600 } }))) {
      assert.match(said, /the genesis time is 2025-06-15T16:06:40\.000Z, 3600 s from now/)
    }
  })

  it('that is near is not named', async () => {
    assert.deepEqual(await warnings(genesisWith({ top: { timestamp: NOW_S - 60 } })), ['', ''])
  })
})
