// `rekindle run` with flags and variables that are wrong, each with the message it gets.
import assert from 'node:assert/strict'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { type BadRun, refuseRuns } from './bad-run-fixture.ts'
import {
  BACKUP_A,
  BACKUP_B,
  listing,
  nodeOf,
  prepareSequencer,
  recordedIo,
  runCommand,
  stubDeps
} from './command-fixture.ts'

const HASH = `0x${'1f'.repeat(32)}`
const SELF = '/ip4/10.0.0.9/tcp/9222/p2p/peer01010101'
const ITSELF = 'peer01010101 is this node itself, by its key in DIR/seq.keys/peer.key'
const QUORUM = 'is not auto, all, none or a number of backups'
const ONE_KEY_EACH =
  'two nodes must not have one peer.key: give one of them its own, as rekindle init writes it, or rekindle key new --peer FILE'
const BLOCK_TIME = 'is not a whole number of milliseconds from 50 to 60000'

const VALUES: readonly (readonly [args: readonly string[], problem: string])[] = [
  [['--role', 'verifier'], 'role (--role): "verifier" is not sequencer or backup'],
  [['--datadir', ''], 'dataDir (--datadir): "" is not a directory'],
  [['--genesis', ''], 'genesisFile (--genesis): "" is not a file'],
  [
    ['--listen', '0.0.0.0:9222'],
    'listen (--listen): "0.0.0.0:9222" cannot be listened on: it is no multiaddr'
  ],
  [['--peer', 'x'], 'peers[0] (--peer): "x" is no address of a peer: it is no multiaddr'],
  [
    ['--peer', '/ip4/10.0.0.4/tcp/9222'],
    'peers[0] (--peer): "/ip4/10.0.0.4/tcp/9222" is no address of a peer: it must end in /p2p/'
  ],
  [
    ['--backup', BACKUP_A, '--backup', '/ip4/10.0.0.4/tcp/9222'],
    'backups[1] (--backup): "/ip4/10.0.0.4/tcp/9222" is no address of a peer: it must end in /p2p/'
  ],
  [
    ['--backup', BACKUP_A, '--backup', BACKUP_A],
    `backups[1] (--backup): the peer peerA is named twice: ${ONE_KEY_EACH}`
  ],
  [
    ['--backup', BACKUP_A, '--backup', '/ip4/10.0.0.9/tcp/9222/p2p/peerA'],
    `backups[1] (--backup): the peer peerA is named twice: ${ONE_KEY_EACH}`
  ],
  [
    ['--backup', BACKUP_A, '--peer', '/ip4/10.0.0.9/tcp/9222/p2p/peerA'],
    `peers[0] (--peer): the peer peerA is named under backups too, as ${BACKUP_A}: ${ONE_KEY_EACH}`
  ],
  [['--peer', SELF.slice(SELF.indexOf('/p2p/'))], `peers: ${ITSELF}`],
  [['--backup', SELF], `backups: ${ITSELF}`],
  [['--peer', SELF], `peers: ${ITSELF}`],
  [['--quorum', '2'], 'quorum (--quorum): 2 is more than the one backup there is'],
  [
    ['--quorum', '3', '--backup', BACKUP_A, '--backup', BACKUP_B],
    'quorum (--quorum): 3 is more than the 2 backups there are'
  ],
  [['--quorum', '0'], `quorum (--quorum): 0 ${QUORUM}`],
  [['--quorum', '-1'], `quorum (--quorum): -1 ${QUORUM}`],
  [['--quorum', '33'], `quorum (--quorum): 33 ${QUORUM}`],
  [['--quorum', '1.5'], `quorum (--quorum): "1.5" ${QUORUM}`],
  [['--quorum', 'most'], `quorum (--quorum): "most" ${QUORUM}`],
  [['--quorum', ''], `quorum (--quorum): "" ${QUORUM}`],
  [['--signed-record', 'yes'], 'signedRecord (--signed-record): "yes" is not on or off'],
  [['--preset', 'base'], 'preset (--preset): "base" is not op or opbnb'],
  [['--block-time', '49'], `blockTimeMs (--block-time): 49 ${BLOCK_TIME}`],
  [['--block-time', '60001'], `blockTimeMs (--block-time): 60001 ${BLOCK_TIME}`],
  [['--block-time', '2s'], `blockTimeMs (--block-time): "2s" ${BLOCK_TIME}`],
  [['--block-time', '1e3'], `blockTimeMs (--block-time): "1e3" ${BLOCK_TIME}`],
  [
    ['--block-time', '1500'],
    'blockTimeMs (--block-time): 1500 ms does not go with the preset op: this preset counts whole seconds: a multiple of 1000'
  ],
  [
    ['--preset', 'opbnb', '--block-time', '2000'],
    'blockTimeMs (--block-time): 2000 ms does not go with the preset opbnb: must be 1000, 500 or 250'
  ],
  [
    ['--preset', 'opbnb', '--block-time', '400'],
    'blockTimeMs (--block-time): 400 ms does not go with the preset opbnb: must be 1000, 500 or 250'
  ],
  [['--rpc', '8545'], 'rpc (--rpc): "8545" is not host:port'],
  [['--rpc', '::1:8545'], 'rpc (--rpc): "::1:8545" is not host:port'],
  [['--rpc', '127.0.0.1:65536'], 'rpc (--rpc): "127.0.0.1:65536" names a port above 65535'],
  [['--metrics', ':7300'], 'metrics (--metrics): ":7300" is not host:port'],
  [
    ['--rpc-hosts', 'node.example.org:8545'],
    'rpcHosts[0] (--rpc-hosts): "node.example.org:8545" is not a host name without a port, or *'
  ],
  [
    ['--rpc-cors', 'https://app.example.org,app.example.org'],
    'rpcCors[1] (--rpc-cors): "app.example.org" is not an origin: a scheme, a host and no path, as https://app.example.org, or *'
  ],
  [
    ['--metrics', '127.0.0.1:8545'],
    'metrics (--metrics): 127.0.0.1:8545 is where JSON-RPC is served'
  ],
  [
    ['--sequencer-rpc', 'http://10.0.0.1:8545'],
    'sequencerRpc (--sequencer-rpc): is for a backup: a sequencer takes transactions itself; "rekindle role --to sequencer" takes it out of the file'
  ],
  [
    ['--role', 'backup', '--sequencer-rpc', '10.0.0.1:8545'],
    'sequencerRpc (--sequencer-rpc): "10.0.0.1:8545" is not an http or https URL'
  ],
  [['--log-level', 'trace'], 'logLevel (--log-level): "trace" is not error, warn, info or debug'],
  [
    ['--start-without-backups', '0x1f'],
    '--start-without-backups: "0x1f" is not a block hash: 0x and 64 hex digits'
  ],
  [
    ['--give-up-above', HASH.slice(2)],
    `--give-up-above: "${HASH.slice(2)}" is not a block hash: 0x and 64 hex digits`
  ],
  [['--give-up-above', ''], '--give-up-above: "" is not a block hash: 0x and 64 hex digits'],
  [
    ['--role', 'backup', '--give-up-above', HASH],
    '--give-up-above: is for a sequencer: a backup has no gate and waits for nobody'
  ],
  [
    ['--role', 'backup', '--start-without-backups', HASH],
    '--start-without-backups: is for a sequencer: a backup has no gate and waits for nobody'
  ]
]

const STRAY: readonly (readonly [args: readonly string[], problem: string])[] = [
  [['--backups', BACKUP_B], '--backups: there is no such flag; did you mean --backup?'],
  [['--datdir=x'], '--datdir: there is no such flag; did you mean --datadir?'],
  [['--Role', 'backup'], '--Role: there is no such flag; did you mean --role?'],
  [['--confg', 'c.json'], '--confg: there is no such flag; did you mean --config?'],
  [
    ['--give-up-abve', HASH],
    '--give-up-abve: there is no such flag; did you mean --give-up-above?'
  ],
  [['--gas-limit', '30000000'], '--gas-limit: there is no such flag'],
  [['--keydir', 'k'], '--keydir: there is no such flag'],
  [['--json'], '--json: there is no such flag'],
  [['-d'], '-d: there is no such flag'],
  [['seq'], '"seq": is not expected here'],
  [['--', '--role', 'backup'], '--role: is not expected here'],
  [['--\u001b[2J'], '--?[2J: there is no such flag']
]

const VARIABLES: readonly (readonly [name: string, value: string, ...problems: string[]])[] = [
  ['ROLE', 'builder', 'role (REKINDLE_ROLE): "builder" is not sequencer or backup'],
  ['LISTEN', 'x', 'listen (REKINDLE_LISTEN): "x" cannot be listened on: it is no multiaddr'],
  [
    'PEER',
    `${BACKUP_B},x`,
    'peers[1] (REKINDLE_PEER): "x" is no address of a peer: it is no multiaddr'
  ],
  [
    'BACKUP',
    ' ,x',
    'backups[0] (REKINDLE_BACKUP): "" is no address of a peer: it is no multiaddr',
    'backups[1] (REKINDLE_BACKUP): "x" is no address of a peer: it is no multiaddr'
  ],
  ['QUORUM', '9', 'quorum (REKINDLE_QUORUM): 9 is more than the one backup there is'],
  ['SIGNED_RECORD', '1', 'signedRecord (REKINDLE_SIGNED_RECORD): "1" is not on or off'],
  ['PRESET', 'OP', 'preset (REKINDLE_PRESET): "OP" is not op or opbnb'],
  ['BLOCK_TIME', '1s', `blockTimeMs (REKINDLE_BLOCK_TIME): "1s" ${BLOCK_TIME}`],
  [
    'FEE_RECIPIENT',
    '0x1',
    'feeRecipient (REKINDLE_FEE_RECIPIENT): "0x1" is not an address: 0x and 40 hex digits'
  ],
  [
    'GAS_LIMIT',
    '4999',
    'gasLimit (REKINDLE_GAS_LIMIT): 4999 is not a whole number of at least 5000'
  ],
  ['RPC', 'x', 'rpc (REKINDLE_RPC): "x" is not host:port'],
  ['METRICS', 'x', 'metrics (REKINDLE_METRICS): "x" is not host:port'],
  ['LOG_LEVEL', 'x', 'logLevel (REKINDLE_LOG_LEVEL): "x" is not error, warn, info or debug'],
  [
    'START_WITHOUT_BACKUPS',
    HASH,
    'REKINDLE_START_WITHOUT_BACKUPS: is good for one start and must not last: give it as --start-without-backups'
  ],
  [
    'GIVE_UP_ABOVE',
    HASH,
    'REKINDLE_GIVE_UP_ABOVE: is good for one start and must not last: give it as --give-up-above'
  ],
  [
    'BACKUPS',
    BACKUP_B,
    'REKINDLE_BACKUPS: there is no such variable; did you mean REKINDLE_BACKUP?'
  ],
  [
    'SIGNED_RECORDS',
    'on',
    'REKINDLE_SIGNED_RECORDS: there is no such variable; did you mean REKINDLE_SIGNED_RECORD?'
  ]
]

describe('run with a bad flag', () => {
  refuseRuns(
    [...VALUES, ...STRAY].map(([args, problem]) => ({
      what: args.join(' '),
      args,
      problems: [problem]
    }))
  )
})

describe('run with a bad variable', () => {
  refuseRuns(
    VARIABLES.map(([name, value, ...problems]) => ({
      what: `REKINDLE_${name}=${value}`,
      env: { [`REKINDLE_${name}`]: value },
      problems
    }))
  )
})

const MANY: BadRun = {
  what: 'everything at once, flags over variables over the file',
  args: ['--prest', 'op', '--backup', SELF, '--backup', 'x', '--rpc', 'y', '--give-up-above', 'z'],
  env: { REKINDLE_RPC: 'hidden', REKINDLE_LOG_LEVEL: 'loud', REKINDLE_GIVE_UP_ABOVE: HASH },
  config: { logLevel: 'hidden', colour: 'red', blockTimeMs: 7 },
  problems: [
    '--prest: there is no such flag; did you mean --preset?',
    'REKINDLE_GIVE_UP_ABOVE: is good for one start and must not last: give it as --give-up-above',
    'colour (DIR/seq.keys/config.json): there is no such key',
    `blockTimeMs (DIR/seq.keys/config.json): 7 ${BLOCK_TIME}`,
    'rpc (--rpc): "y" is not host:port',
    'logLevel (REKINDLE_LOG_LEVEL): "loud" is not error, warn, info or debug',
    'backups[1] (--backup): "x" is no address of a peer: it is no multiaddr',
    '--give-up-above: "z" is not a block hash: 0x and 64 hex digits',
    `backups: ${ITSELF}`
  ]
}

describe('run with several problems', () => {
  refuseRuns([MANY])
})

describe('run with a flag that lacks its value', () => {
  const directory = useTemporaryDirectory()
  for (const flag of ['--backup', '--config', '--give-up-above']) {
    it(`refuses ${flag} at the end`, async () => {
      await prepareSequencer(directory.path)
      const before = await listing(directory.path)
      const run = await runCommand(['run', flag], recordedIo(directory.path))
      assert.match(run.stderr, new RegExp(`^error: option '${flag} <[a-z]+>' argument missing\n$`))
      assert.equal(run.exitCode, 2)
      assert.deepEqual(await listing(directory.path), before)
    })
  }
})

describe("run beside another program's variables", () => {
  const directory = useTemporaryDirectory()
  it('starts', async () => {
    await prepareSequencer(directory.path)
    const env = { REKINDLE_PORT_8545_TCP: 'tcp://10.0.0.1:8545', REKINDLE_ROLE: '', ROLE: 'backup' }
    const io = recordedIo(directory.path, { ...env, REKINDLE_LOG_LEVEL: 'error' })
    const deps = stubDeps(nodeOf(() => Promise.resolve()))
    const run = await runCommand(['run', '--config', 'seq.keys/config.json'], io, deps)
    assert.deepEqual(run, { exitCode: 0, stdout: '', stderr: '' })
  })
})
