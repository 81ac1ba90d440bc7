// `rekindle run` with files that are wrong: the config, the genesis, the keys.
import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { type BadRun, refuseRuns } from './bad-run-fixture.ts'
import {
  BACKUP_A,
  genesisWith,
  listing,
  OTHER_ADDRESS,
  OTHER_KEY,
  putFile,
  recordedIo,
  runCommand,
  SEQUENCER_ADDRESS,
  SEQUENCER_KEY
} from './command-fixture.ts'

const CONFIG = 'DIR/seq.keys/config.json'
const GENESIS = 'genesisFile (DIR/seq.keys/genesis.json)'
const KEY = 'sequencerKeyFile: DIR/seq.keys/sequencer.key'
const PEER_KEY = 'peerKeyFile (DIR/seq.keys/peer.key)'
const ONE_START = 'is good for one start and must not last: give it as'

type Values = Readonly<Record<string, unknown>>

const KEYS: readonly (readonly [config: Values, ...problems: string[]])[] = [
  [{ rol: 'sequencer' }, `rol (${CONFIG}): there is no such key; did you mean role?`],
  [{ datadir: 'x' }, `datadir (${CONFIG}): there is no such key; did you mean dataDir?`],
  [{ toString: 'x' }, `toString (${CONFIG}): there is no such key`],
  [{ 'a\u001b[2J\n': 1 }, `a?[2J? (${CONFIG}): there is no such key`],
  [
    { startWithoutBackups: `0x${'1f'.repeat(32)}` },
    `startWithoutBackups (${CONFIG}): ${ONE_START} --start-without-backups`
  ],
  [{ 'give-up-above': '0x1f' }, `give-up-above (${CONFIG}): ${ONE_START} --give-up-above`],
  [
    { role: undefined },
    'role: must be given: give sequencer or backup with --role, or in the config file'
  ],
  [
    { dataDir: undefined },
    'dataDir: must be given: give a directory with --datadir, or in the config file'
  ],
  [{ role: null }, `role (${CONFIG}): null is not sequencer or backup`],
  [{ dataDir: 7 }, `dataDir (${CONFIG}): 7 is not a directory`],
  [
    { listen: true },
    `listen (${CONFIG}): true is not a multiaddr to listen on, as /ip4/0.0.0.0/tcp/9222`
  ],
  [{ peers: BACKUP_A }, `peers (${CONFIG}): "${BACKUP_A}" is not a list of at most 64 multiaddrs`],
  [{ peers: [7] }, `peers[0] (${CONFIG}): 7 is not a multiaddr`],
  [
    { backups: [] },
    `backups (${CONFIG}): is empty: name a backup with --backup, or say --quorum none and lose what a crash takes`
  ],
  [
    { backups: undefined },
    'backups: is empty: name a backup with --backup, or say --quorum none and lose what a crash takes'
  ],
  [
    { role: 'backup', backups: [] },
    'peers: is empty: name the sequencer with --peer, by its address as in /ip4/10.0.0.1/tcp/9222/p2p/16Uiu2HA…, or as /p2p/16Uiu2HA… if it dials this node; a backup takes nobody else’s word that it has caught up'
  ],
  [{ quorum: '1' }, `quorum (${CONFIG}): "1" is not auto, all, none or a number of backups`],
  [{ quorum: 2 }, `quorum (${CONFIG}): 2 is more than the one backup there is`],
  [{ signedRecord: true }, `signedRecord (${CONFIG}): true is not on or off`],
  [
    { signedRecordFile: '../seq/signed-record' },
    `signedRecordFile (${CONFIG}): DIR/seq/signed-record lies in the data directory: a copy that is put back would forget what was signed`
  ],
  [
    { blockTimeMs: '1000' },
    `blockTimeMs (${CONFIG}): "1000" is not a whole number of milliseconds from 50 to 60000`
  ],
  [
    { gasLimit: 30e6 + 0.5 },
    `gasLimit (${CONFIG}): 30000000.5 is not a whole number of at least 5000`
  ],
  [
    { feeRecipient: 'me' },
    `feeRecipient (${CONFIG}): "me" is not an address: 0x and 40 hex digits`
  ],
  [{ signers: [] }, `signers (${CONFIG}): [] is not a list of {fromBlock, address}`],
  [
    { signers: [SEQUENCER_ADDRESS] },
    `signers[0] (${CONFIG}): "${SEQUENCER_ADDRESS}" is not ADDRESS or HEIGHT:ADDRESS, in the file {fromBlock, address}`
  ],
  [
    { signers: [{ fromBlock: -1, address: '0x1', until: 9 }] },
    `signers[0].fromBlock (${CONFIG}): -1 is not a block number`,
    `signers[0].address (${CONFIG}): "0x1" is not an address: 0x and 40 hex digits`,
    `signers[0] (${CONFIG}): there is no such key: until`
  ],
  [
    { signers: [{ fromBlock: 0, address: OTHER_ADDRESS }] },
    `sequencerKeyFile (DIR/seq.keys/sequencer.key): its key is that of ${SEQUENCER_ADDRESS}, which signs no block here: the signers are ${OTHER_ADDRESS}`
  ],
  [{ rpc: 8545 }, `rpc (${CONFIG}): 8545 is not host:port`],
  [{ logLevel: 'silent' }, `logLevel (${CONFIG}): "silent" is not error, warn, info or debug`]
]

describe('run with a bad config file', () => {
  refuseRuns(
    KEYS.map(([config, ...problems]) => ({ what: JSON.stringify(config), config, problems }))
  )
})

const put =
  (name: string, text: string, mode = 0o600) =>
  (cwd: string) =>
    putFile(join(cwd, 'seq.keys', name), text, mode)

const remove = (name: string) => (cwd: string) => rm(join(cwd, 'seq.keys', name))

const FILES: readonly BadRun[] = [
  {
    what: 'a config file that is no JSON',
    arrange: put('config.json', '{ "role": '),
    problems: [`--config (${CONFIG}): it is not JSON: Unexpected end of JSON input`]
  },
  {
    what: 'a config file that is a list, beside a bad flag',
    args: ['--quorum', 'most'],
    arrange: put('config.json', '[]'),
    problems: [
      `--config (${CONFIG}): [] is not a JSON object`,
      'quorum (--quorum): "most" is not auto, all, none or a number of backups'
    ]
  },
  {
    what: 'a config file of a megabyte and a byte',
    arrange: put('config.json', ' '.repeat(1_048_577)),
    problems: [`--config (${CONFIG}): it cannot be read: it has 1048577 bytes`]
  },
  {
    what: 'a config file that is not there',
    arrange: remove('config.json'),
    problems: [
      `--config (${CONFIG}): it cannot be read: ENOENT: no such file or directory, open '${CONFIG}'`
    ]
  },
  {
    what: 'a genesis file that is not there',
    arrange: remove('genesis.json'),
    problems: [
      `${GENESIS}: it cannot be read: ENOENT: no such file or directory, open 'DIR/seq.keys/genesis.json'`
    ]
  },
  {
    what: 'a genesis file that is no JSON',
    arrange: put('genesis.json', '{ "config": '),
    problems: [`${GENESIS}: it is not JSON: Unexpected end of JSON input`]
  },
  {
    what: 'a genesis file with wrong fields',
    arrange: put(
      'genesis.json',
      genesisWith({ top: { gasLimit: 'much', extraData: '0x00' }, config: { chainId: 0 } })
    ),
    problems: [
      `${GENESIS}: config.chainId is 0`,
      `${GENESIS}: gasLimit is not a whole number below 2^63, as a number, "0x…" or decimal text`,
      `${GENESIS}: extraData is neither empty nor 00, a u32 denominator and a u32 elasticity, both above 0 (9 bytes)`
    ]
  },
  {
    what: 'a genesis file without our part',
    arrange: put('genesis.json', genesisWith({ config: { rekindle: undefined } })),
    problems: [
      `${GENESIS}: config.rekindle.blockTimeMs is missing: name the time from block to block with --block-time MS`,
      `${GENESIS}: config.rekindle.signers is missing: name the address that signs blocks with --signer ADDRESS`
    ]
  },
  {
    what: 'a genesis file in milliseconds',
    arrange: put('genesis.json', genesisWith({ top: { timestamp: 1_750_000_000_000 } })),
    problems: [
      `${GENESIS}: timestamp is after the year 5000: it counts seconds, and these look like milliseconds`
    ]
  },
  {
    what: 'a chain before Isthmus',
    arrange: put(
      'genesis.json',
      genesisWith({ config: { isthmusTime: undefined, pragueTime: undefined } })
    ),
    problems: [
      `${GENESIS}: config.isthmusTime is missing: the chain is before Isthmus, and the embedded engine runs chains from Isthmus on`
    ]
  },
  {
    what: 'a chain that starts before Isthmus',
    arrange: put(
      'genesis.json',
      genesisWith({ config: { isthmusTime: 1_750_000_001, pragueTime: 1_750_000_001 } })
    ),
    problems: [
      `${GENESIS}: config.isthmusTime is after the genesis timestamp 1750000000: the chain starts before Isthmus, and the embedded engine runs chains from Isthmus on`
    ]
  },
  {
    what: "a genesis file's block time under another preset",
    config: { preset: 'opbnb' },
    arrange: put('genesis.json', genesisWith({ blockTimeMs: 2000 })),
    problems: [
      'blockTimeMs (DIR/seq.keys/genesis.json): 2000 ms does not go with the preset opbnb: must be 1000, 500 or 250'
    ]
  },
  {
    what: 'a signing key that is not there',
    arrange: remove('sequencer.key'),
    problems: [`${KEY} is not there: write the key that signs blocks into it, or run rekindle init`]
  },
  {
    what: 'a signing key that is not hex',
    arrange: put('sequencer.key', `${'zz'.repeat(32)}\n`),
    problems: [`${KEY} holds no key: it is not 64 hex digits`]
  },
  {
    what: 'a signing key of 31 bytes',
    arrange: put('sequencer.key', SEQUENCER_KEY.slice(2)),
    problems: [`${KEY} holds no key: it is not 64 hex digits`]
  },
  {
    what: 'a signing key of zero',
    arrange: put('sequencer.key', '0'.repeat(64)),
    problems: [
      `${KEY} holds no key: it is no key of secp256k1: zero, or not below the order of the group`
    ]
  },
  {
    what: 'a signing key that everybody may read',
    arrange: put('sequencer.key', SEQUENCER_KEY, 0o644),
    problems: [
      `${KEY} may be read or changed by others (mode 644): chmod 600 DIR/seq.keys/sequencer.key`
    ]
  },
  {
    what: 'a signing key that its group may write',
    arrange: put('sequencer.key', SEQUENCER_KEY, 0o660),
    problems: [
      `${KEY} may be read or changed by others (mode 660): chmod 600 DIR/seq.keys/sequencer.key`
    ]
  },
  {
    what: 'a signing key that signs no block of the chain',
    arrange: put('sequencer.key', OTHER_KEY),
    problems: [
      `sequencerKeyFile (DIR/seq.keys/sequencer.key): its key is that of ${OTHER_ADDRESS}, which signs no block here: the signers are ${SEQUENCER_ADDRESS}`
    ]
  },
  {
    what: 'a peer key that is not there',
    arrange: remove('peer.key'),
    problems: [`${PEER_KEY}: there is no such file`]
  },
  {
    what: 'a peer key that is none',
    arrange: put('peer.key', 'key'),
    problems: [`${PEER_KEY}: it is not 64 hex digits`]
  },
  {
    what: 'values that are wrong, which are not held against the genesis file besides',
    args: ['--preset', 'x', '--block-time', 'y'],
    arrange: put('genesis.json', genesisWith({ blockTimeMs: 1500 })),
    problems: [
      'preset (--preset): "x" is not op or opbnb',
      'blockTimeMs (--block-time): "y" is not a whole number of milliseconds from 50 to 60000'
    ]
  },
  {
    what: 'all files at once, beside bad values',
    args: ['--log-level', 'x', '--backup', '/ip4/10.0.0.9/tcp/9222/p2p/peer01010101'],
    config: { signers: 'me' },
    arrange: async (cwd) => {
      await remove('genesis.json')(cwd)
      await put('sequencer.key', 'key')(cwd)
    },
    problems: [
      `signers (${CONFIG}): "me" is not a list of {fromBlock, address}`,
      'logLevel (--log-level): "x" is not error, warn, info or debug',
      `${GENESIS}: it cannot be read: ENOENT: no such file or directory, open 'DIR/seq.keys/genesis.json'`,
      `${KEY} holds no key: it is not 64 hex digits`,
      'backups: peer01010101 is this node itself, by its key in DIR/seq.keys/peer.key'
    ]
  }
]

describe('run with a bad file', () => {
  refuseRuns(FILES)
})

describe('run without a config file', () => {
  const directory = useTemporaryDirectory()

  it('says what must be given', async () => {
    const run = await runCommand(['run'], recordedIo(directory.path))
    assert.deepEqual(run, {
      exitCode: 2,
      stdout: '',
      stderr: [
        'rekindle cannot start: 2 problems',
        '  role: must be given: give sequencer or backup with --role, or in the config file',
        '  dataDir: must be given: give a directory with --datadir, or in the config file',
        ''
      ].join('\n')
    })
    assert.deepEqual(await listing(directory.path), [])
  })

  it('refuses a directory in its place', async () => {
    await mkdir(join(directory.path, 'config.json'))
    const run = await runCommand(['run', '--config', 'config.json'], recordedIo(directory.path))
    assert.match(run.stderr, /^rekindle cannot start: one problem\n {2}--config .*EISDIR/)
    assert.equal(run.exitCode, 2)
  })
})
