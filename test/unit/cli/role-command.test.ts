// `rekindle role`: what the file says afterwards, what remains to be done, and what is refused with the file untouched.
import assert from 'node:assert/strict'
import { rename, rm } from 'node:fs/promises'
import { CHAIN_DATABASE } from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { BACKUP_A, BACKUP_B, modeOf } from './command-fixture.ts'
import { BACKUP, SEQUENCER, useNodeDirectory } from './init-fixture.ts'

const SEQ = 'seq.keys/config.json'
const BACK = 'backup.keys/config.json'

describe('role', () => {
  const node = useNodeDirectory()

  /** A sequencer with its own sample, and its backup made with --sequencer-rpc. */
  beforeEach(async () => {
    await node.init([...SEQUENCER, '--backup', BACKUP_A])
    const flags = ['--genesis', 'seq.keys/genesis.json', '--peer', BACKUP_B]
    await node.init([...BACKUP, ...flags, '--sequencer-rpc', 'http://10.0.0.1:8545'])
  })

  const role = (config: string, to: string, ...flags: readonly string[]) =>
    node.run(['role', '--config', config, '--to', to, ...flags])

  async function move(): Promise<void> {
    for (const name of ['sequencer.key', 'signed-record']) {
      await rename(node.at(`seq.keys/${name}`), node.at(`backup.keys/${name}`))
    }
  }

  it('hands over between two nodes, in the order of the page', async () => {
    const rpc = 'http://10.0.0.2:8545'
    const old = await role(SEQ, 'backup', '--peer', BACKUP_A, '--sequencer-rpc', rpc)
    assert.equal(old.stderr, '')
    assert.match(old.stdout, /was +sequencer\n/)
    assert.match(old.stdout, / {2}mv seq\.keys\/sequencer\.key seq\.keys\/signed-record KEYDIR\//)
    await move()
    const next = await role(BACK, 'sequencer', '--backup', BACKUP_B)
    assert.equal(next.stderr, '')
    assert.match(next.stdout, /Next:\n {2}rekindle run --config backup\.keys\/config\.json\n$/)

    // No flag is needed any more: the files say it, to run and to db alike.
    const seq = await node.startInputs(SEQ)
    assert.equal(seq.config.role, 'backup')
    assert.equal(seq.config.signer, undefined)
    assert.equal(seq.config.sequencerRpc, rpc)
    const backup = await node.startInputs(BACK)
    assert.equal(backup.config.role, 'sequencer')
    assert.equal(backup.config.sequencerRpc, undefined)
    assert.equal(backup.config.signer?.keyFile, node.at('backup.keys/sequencer.key'))
    assert.deepEqual(
      backup.config.backups.map(({ multiaddr }) => multiaddr),
      [BACKUP_B]
    )
    assert.equal(await modeOf(node.at(BACK)), 0o600)
  })

  it('hands back', async () => {
    await role(SEQ, 'backup', '--peer', BACKUP_A)
    const back = await role(SEQ, 'sequencer', '--backup', BACKUP_A)
    assert.equal(back.stderr, '')
    assert.equal((await node.startInputs(SEQ)).config.role, 'sequencer')
  })

  it('says when the record did not come along', async () => {
    await role(SEQ, 'backup', '--peer', BACKUP_A)
    await move()
    await rm(node.at('backup.keys/signed-record'))
    const { stdout } = await role(BACK, 'sequencer', '--backup', BACKUP_B)
    assert.match(stdout, /no signed record is in .*: all backups have to answer/)
  })

  for (const [what, config, to, flags, problem] of [
    [
      'a sequencer without its key',
      BACK,
      'sequencer',
      ['--backup', BACKUP_B],
      /sequencer\.key is not there.*; move key and signed record of the old sequencer into .*backup\.keys first/
    ],
    [
      'a sequencer without a backup',
      SEQ,
      'sequencer',
      ['--quorum', '7'],
      /quorum .*7 is more than/
    ],
    ['no role', SEQ, 'king', [], /--to: must be given: sequencer or backup/],
    ['a file that is not there', 'none.json', 'backup', [], /none\.json.*cannot be read/],
    ['a flag that is misspelt', SEQ, 'backup', ['--per', 'x'], /--per: .*did you mean --peer\?/],
    [
      'a bad address',
      SEQ,
      'backup',
      ['--peer', 'x'],
      /peers\[0\] \(.*seq\.keys\/config\.json\): "x" is no/
    ]
  ] as const) {
    it(`refuses ${what}, and leaves everything as it was`, async () => {
      const before = [await node.names(), await node.read(SEQ), await node.read(BACK)]
      const { exitCode, stdout, stderr } = await role(config, to, ...flags)
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' })
      assert.match(stderr, /^rekindle role changed nothing: /)
      assert.match(stderr, problem)
      assert.doesNotMatch(stderr, /config\.json\.new/)
      assert.deepEqual([await node.names(), await node.read(SEQ), await node.read(BACK)], before)
    })
  }

  it('refuses a node that runs', async () => {
    const store = await openLevelStore(node.at('seq/chain'), CHAIN_DATABASE)
    try {
      const { exitCode, stderr } = await role(SEQ, 'backup', '--peer', BACKUP_A)
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, /store-locked/)
    } finally {
      await store.close()
    }
    assert.equal((await node.readJson(SEQ)).role, 'sequencer')
  })
})
