// `rekindle init` when something is wrong: every problem at once, exit code 2, and nothing written.
import assert from 'node:assert/strict'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { type PeerIdentity } from '../../../src/config/start-inputs.ts'
import {
  genesisWith,
  listing,
  OTHER_ADDRESS,
  OTHER_KEY,
  putFile,
  SEQUENCER_ADDRESS,
  SEQUENCER_KEY,
  stubInitDeps
} from './command-fixture.ts'
import { BACKUP, SEQUENCER, useNodeDirectory } from './init-fixture.ts'

interface BadInit {
  readonly what: string
  readonly args: readonly string[]
  readonly arrange?: (at: (name: string) => string) => Promise<void>
  readonly problems: readonly string[]
}

const FLAGS: readonly BadInit[] = [
  {
    what: 'no flags',
    args: ['init'],
    problems: [
      'role: must be given: give sequencer or backup with --role',
      'dataDir: must be given: give a directory with --datadir'
    ]
  },
  {
    what: 'a backup without a genesis file',
    args: ['init', '--role', 'backup', '--datadir', 'backup'],
    problems: [
      'genesisFile: must be given: a backup joins a chain that there is; take genesis.json from its sequencer'
    ]
  },
  {
    what: 'bad values, all at once',
    args: [
      ...['init', '--role', 'king', '--datdir', 'x', '--listen', 'x', '--peer', 'x', '--rpc', 'x'],
      ...[
        '--block-time',
        '1500',
        '--quorum',
        '0',
        '--chain-id',
        '0x385',
        '--log-level',
        'x',
        'more'
      ]
    ],
    problems: [
      '--datdir: there is no such flag; did you mean --datadir?',
      '"more": is not expected here',
      'role (--role): "king" is not sequencer or backup',
      'quorum (--quorum): 0 is not auto, all, none or a number of backups',
      'rpc (--rpc): "x" is not host:port',
      'logLevel (--log-level): "x" is not error, warn, info or debug',
      'dataDir: must be given: give a directory with --datadir',
      'listen (--listen): "x" cannot be listened on: it is no multiaddr',
      'peers[0] (--peer): "x" is no address of a peer: it is no multiaddr',
      'blockTimeMs (--block-time): 1500 ms does not go with the preset op: this preset counts whole seconds: a multiple of 1000',
      '--chain-id: "0x385" is not a number from 1 to 2^53-1'
    ]
  },
  {
    what: 'the flags of run that are not its own',
    args: [...SEQUENCER, '--config', 'c', '--give-up-above', '0x1f', '--keydr', 'k'],
    problems: [
      '--config: there is no such flag',
      '--give-up-above: there is no such flag',
      '--keydr: there is no such flag; did you mean --keydir?'
    ]
  },
  {
    what: 'a chain id beside a genesis file',
    args: [...BACKUP, '--chain-id', '901'],
    problems: ['--chain-id: stands in the genesis file']
  },
  {
    what: 'a signing key for a backup',
    args: [...BACKUP, '--sequencer-key', 'own.key'],
    problems: ['--sequencer-key: is for a sequencer: a backup signs nothing']
  },
  {
    what: 'keys in the data directory',
    args: [...SEQUENCER, '--keydir', 'seq/keys'],
    problems: [
      '--keydir: DIR/seq/keys lies in the data directory: keys and record must not be copied or put back with it'
    ]
  }
]

const CHAIN_IDS: readonly BadInit[] = ['0', '-1', '9007199254740992', '1e3', ''].map((id) => ({
  what: `the chain id "${id}"`,
  args: [...SEQUENCER, '--chain-id', id],
  problems: [`--chain-id: "${id}" is not a number from 1 to 2^53-1`]
}))

const FILES: readonly BadInit[] = [
  {
    what: 'a genesis file that is not there',
    args: ['init', '--role', 'backup', '--datadir', 'backup', '--genesis', 'none.json'],
    problems: [
      "genesisFile (--genesis): it cannot be read: ENOENT: no such file or directory, open 'DIR/none.json'"
    ]
  },
  {
    what: 'a genesis file that is no JSON',
    args: BACKUP,
    arrange: (at) => writeFile(at('genesis.json'), ''),
    problems: ['genesisFile (--genesis): it is not JSON: Unexpected end of JSON input']
  },
  {
    what: 'a chain before Isthmus with a bad gas limit',
    args: BACKUP,
    arrange: (at) =>
      writeFile(
        at('genesis.json'),
        genesisWith({
          top: { gasLimit: '0x1' },
          config: { isthmusTime: undefined, pragueTime: undefined }
        })
      ),
    problems: [
      'genesisFile (--genesis): config.isthmusTime is missing: the chain is before Isthmus, and the embedded engine runs chains from Isthmus on',
      'genesisFile (--genesis): gasLimit is below 5000'
    ]
  },
  {
    what: 'a genesis file whose block time the preset does not count',
    args: [...BACKUP, '--preset', 'opbnb'],
    arrange: (at) => writeFile(at('genesis.json'), genesisWith({ blockTimeMs: 2000 })),
    problems: ['blockTimeMs: 2000 ms does not go with the preset opbnb: must be 1000, 500 or 250']
  },
  {
    what: 'a new key beside a genesis file',
    args: [...SEQUENCER, '--genesis', 'genesis.json'],
    problems: [
      `--sequencer-key: must be given: genesis file or --signer name who signs (${SEQUENCER_ADDRESS}), and a new key would be another`
    ]
  },
  {
    what: 'the key of another chain',
    args: [...SEQUENCER, '--genesis', 'genesis.json', '--sequencer-key', 'own.key'],
    arrange: (at) => putFile(at('own.key'), OTHER_KEY),
    problems: [
      `--sequencer-key: is the key of ${OTHER_ADDRESS}, but genesis file or --signer have blocks signed by ${SEQUENCER_ADDRESS}`
    ]
  },
  {
    what: 'a signing key that is not there',
    args: [...SEQUENCER, '--sequencer-key', 'none.key'],
    problems: [
      '--sequencer-key: DIR/none.key is not there: write the key that signs blocks into it, or run rekindle init'
    ]
  },
  {
    what: 'a signing key that everybody may read',
    args: [...SEQUENCER, '--sequencer-key', 'own.key'],
    arrange: (at) => chmod(at('own.key'), 0o644),
    problems: [
      '--sequencer-key: DIR/own.key may be read or changed by others (mode 644): chmod 600 DIR/own.key'
    ]
  },
  {
    what: 'files in the place of its directories',
    args: SEQUENCER,
    arrange: async (at) => {
      await writeFile(at('seq'), '')
      await writeFile(at('seq.keys'), '')
    },
    problems: ['--datadir: DIR/seq is no directory', '--keydir: DIR/seq.keys is no directory']
  }
]

/** Every file that init writes is one that it would write over. */
const TAKEN: readonly BadInit[] = [
  'admin.token',
  'config.json',
  'genesis.json',
  'peer.key',
  'sequencer.key',
  'signed-record'
].map((name) => ({
  what: `to write over ${name}`,
  args: SEQUENCER,
  arrange: async (at) => {
    await mkdir(at('seq.keys'))
    await writeFile(at(`seq.keys/${name}`), 'precious')
  },
  problems: [`--keydir: DIR/seq.keys/${name} is there already, and stays as it is`]
}))

const LINK: BadInit = {
  what: 'to write through a link that leads nowhere',
  args: SEQUENCER,
  arrange: async (at) => {
    await mkdir(at('seq.keys'))
    await symlink(at('elsewhere'), at('seq.keys/peer.key'))
  },
  problems: ['--keydir: DIR/seq.keys/peer.key is there already, and stays as it is']
}

describe('init refuses', () => {
  const node = useNodeDirectory()
  for (const { what, args, arrange, problems } of [
    ...FLAGS,
    ...CHAIN_IDS,
    ...FILES,
    ...TAKEN,
    LINK
  ]) {
    it(what, async () => {
      await node.putGenesis()
      await arrange?.(node.at)
      const before = await listing(node.at('.'))
      const { exitCode, stdout, stderr } = await node.run(args)
      const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
      const [first, ...lines] = stderr.replaceAll(node.at('.'), 'DIR').split('\n')
      assert.equal(first, `rekindle init wrote nothing: ${count}`)
      assert.deepEqual(lines.sort(), ['', ...problems.map((one) => `  ${one}`)].sort())
      assert.equal(stdout, '')
      assert.equal(exitCode, 2)
      assert.deepEqual(await listing(node.at('.')), before)
    })
  }

  it('to run twice', async () => {
    await node.init(SEQUENCER)
    const before = await listing(node.at('.'))
    const { exitCode, stdout } = await node.run([...SEQUENCER, '--json'])
    assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' })
    assert.deepEqual(await listing(node.at('.')), before)
  })
})

describe('init that cannot write', () => {
  const node = useNodeDirectory()
  const fails = (message: string, code?: string) => () =>
    Promise.reject(Object.assign(new Error(message), code === undefined ? {} : { code }))

  for (const { what, changes, exitCode } of [
    {
      what: 'the peer key',
      changes: { createPeerKey: fails('EACCES: no', 'EACCES') },
      exitCode: 2
    },
    { what: 'to a full disk', changes: { createPeerKey: fails('ENOSPC') }, exitCode: 1 },
    { what: 'what comes last', changes: { genesisHash: fails('no state') }, exitCode: 1 }
  ]) {
    it(`${what} leaves nothing behind`, async () => {
      const before = await listing(node.at('.'))
      const run = await node.run(SEQUENCER, stubInitDeps(changes))
      assert.equal(run.exitCode, exitCode)
      assert.match(run.stderr, /^rekindle: (EACCES: no|ENOSPC|no state)\n$/)
      assert.deepEqual(await listing(node.at('.')), before)
    })
  }

  it('leaves what was there before', async () => {
    await mkdir(node.at('seq.keys/mine'), { recursive: true })
    await writeFile(node.at('seq.keys/mine/notes'), 'precious')
    const before = await listing(node.at('.'))
    const run = await node.run(SEQUENCER, stubInitDeps({ genesisHash: fails('no state') }))
    assert.equal(run.exitCode, 1)
    assert.deepEqual(await listing(node.at('.')), before)
  })

  it('leaves a key alone that came while it wrote', async () => {
    const createPeerKey = async (path: string): Promise<PeerIdentity> => {
      await putFile(node.at('seq.keys/sequencer.key'), SEQUENCER_KEY)
      await writeFile(path, 'key')
      return { peerId: 'peer' }
    }
    await mkdir(node.at('seq.keys'))
    const run = await node.run(SEQUENCER, stubInitDeps({ createPeerKey }))
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /sequencer\.key is there already, and a key is never overwritten\n/)
    assert.deepEqual(await node.names('seq.keys'), ['sequencer.key'])
    assert.equal(await node.read('seq.keys/sequencer.key'), SEQUENCER_KEY)
  })
})
