// Every config key: what it is for, its default, its flag. One table for all that reads or prints them.
import { BLOCK_TIME_MAX_MS, BLOCK_TIME_MIN_MS } from '../chain/blocks/block-times.ts'
import { BACKUPS_MAX } from '../peer/configured-peers.ts'

/** How the text of a flag or of the environment becomes the value of a key. */
export type TextForm = 'text' | 'integer' | 'integer-or-text' | 'list' | 'signers'

/** One key. Where a key has no flag, it has a variable all the same, unless no text can hold it. */
export interface ConfigKey {
  /** What a value has to be, as the end of "… is not". */
  readonly expected: string
  readonly purpose: string
  /** Used when nobody names one; a key with neither this nor a `fallback` must be given. */
  readonly default?: unknown
  /** What stands in for a missing value, in words: worked out from other keys. */
  readonly fallback?: string
  readonly unit?: string
  readonly form?: TextForm
  readonly flag?: string
  /** What the flag takes, as its help writes it. */
  readonly argument?: string
  /** Without the prefix REKINDLE_. */
  readonly env?: string
  /** Relative to the config file, or to the current directory when it comes from a flag. */
  readonly isPath?: true
}

/** Most peers that are named. */
export const PEERS_MAX = 64
/** Most addresses that a node gives out as its own. */
export const ADVERTISED_MAX = 8
/** Most names that JSON-RPC is called by, and most origins that may call it. */
export const RPC_NAMES_MAX = 64
/** What an address looks like, in words. */
export const ADDRESS_TEXT = 'an address: 0x and 40 hex digits'

/** In the order in which they are written and printed. */
export const CONFIG_KEYS = {
  role: {
    expected: 'sequencer or backup',
    purpose: 'what the node is: the one that builds blocks, or one that holds them for it',
    flag: 'role',
    argument: 'sequencer|backup',
    env: 'ROLE'
  },
  dataDir: {
    expected: 'a directory',
    purpose: 'the databases: may be deleted, and is then fetched from peers',
    flag: 'datadir',
    argument: 'dir',
    env: 'DATADIR',
    isPath: true
  },
  genesisFile: {
    expected: 'a file',
    purpose: "geth's genesis.json of the chain",
    fallback: 'genesis.json in DATADIR.keys',
    flag: 'genesis',
    argument: 'file',
    env: 'GENESIS',
    isPath: true
  },
  peerKeyFile: {
    expected: 'a file',
    purpose: 'the key that the peer id is made of',
    fallback: 'peer.key in DATADIR.keys',
    env: 'PEER_KEY_FILE',
    isPath: true
  },
  listen: {
    expected: 'a multiaddr to listen on, as /ip4/0.0.0.0/tcp/9222',
    purpose: 'where peers connect to',
    default: '/ip4/0.0.0.0/tcp/9222',
    flag: 'listen',
    argument: 'multiaddr',
    env: 'LISTEN'
  },
  advertise: {
    expected: `a list of at most ${ADVERTISED_MAX} multiaddrs, as /dns4/seq.example.org/tcp/9222`,
    purpose: 'where peers reach this node, told to them in place of where it listens',
    default: [],
    form: 'list',
    flag: 'advertise',
    argument: 'multiaddr',
    env: 'ADVERTISE'
  },
  peers: {
    expected: `a list of at most ${PEERS_MAX} multiaddrs`,
    purpose:
      'nodes to keep a connection to, each with /p2p/ and its peer id; that alone where the other node dials',
    default: [],
    form: 'list',
    flag: 'peer',
    argument: 'multiaddr',
    env: 'PEER'
  },
  backups: {
    expected: `a list of at most ${BACKUPS_MAX} multiaddrs`,
    purpose: 'peers that count for the quorum',
    default: [],
    form: 'list',
    flag: 'backup',
    argument: 'multiaddr',
    env: 'BACKUP'
  },
  quorum: {
    expected: 'auto, all, none or a number of backups',
    purpose: 'how many backups have to answer before the sequencer builds after a start',
    default: 'auto',
    form: 'integer-or-text',
    flag: 'quorum',
    argument: 'auto|all|none|count',
    env: 'QUORUM'
  },
  signers: {
    expected: 'a list of {fromBlock, address}',
    purpose: 'who signs blocks; HEIGHT:ADDRESS for one that signs from a later height on',
    fallback: "the genesis file's",
    form: 'signers',
    flag: 'signer',
    argument: 'address',
    env: 'SIGNER'
  },
  sequencerKeyFile: {
    expected: 'a file',
    purpose: "the sequencer's signing key: 64 hex digits, mode 600",
    fallback: 'sequencer.key in DATADIR.keys',
    env: 'SEQUENCER_KEY_FILE',
    isPath: true
  },
  signedRecordFile: {
    expected: 'a file',
    purpose: 'what the key signed: outside the data directory, never copied or restored with it',
    fallback: 'signed-record beside the signing key',
    env: 'SIGNED_RECORD_FILE',
    isPath: true
  },
  signedRecord: {
    expected: 'on or off',
    purpose: 'whether each block is on record before its signature leaves',
    default: 'on',
    flag: 'signed-record',
    argument: 'on|off',
    env: 'SIGNED_RECORD'
  },
  history: {
    expected: 'all or a number of blocks, at least 256',
    purpose: 'how many blocks below the head are brought by a node that joined by a state',
    default: 8192,
    unit: 'blocks',
    form: 'integer-or-text',
    flag: 'history',
    argument: 'count|all',
    env: 'HISTORY'
  },
  preset: {
    expected: 'op or opbnb',
    purpose: 'the numbers in which the two networks differ',
    default: 'op',
    flag: 'preset',
    argument: 'op|opbnb',
    env: 'PRESET'
  },
  blockTimeMs: {
    expected: `a whole number of milliseconds from ${BLOCK_TIME_MIN_MS} to ${BLOCK_TIME_MAX_MS}`,
    purpose: 'time from block to block: op whole seconds; opbnb 1000, 500 or 250',
    fallback: "the genesis file's",
    unit: 'ms',
    form: 'integer',
    flag: 'block-time',
    argument: 'ms',
    env: 'BLOCK_TIME'
  },
  feeRecipient: {
    expected: ADDRESS_TEXT,
    purpose: 'who gets the fees of the blocks built here',
    default: '0x0000000000000000000000000000000000000000',
    env: 'FEE_RECIPIENT'
  },
  gasLimit: {
    expected: 'a whole number of at least 5000',
    purpose: 'the gas limit of the blocks built here',
    fallback: "the parent block's",
    unit: 'gas',
    form: 'integer',
    env: 'GAS_LIMIT'
  },
  rpc: {
    expected: 'host:port',
    purpose: 'where JSON-RPC is served',
    default: '127.0.0.1:8545',
    flag: 'rpc',
    argument: 'host:port',
    env: 'RPC'
  },
  rpcHosts: {
    expected: `a list of at most ${RPC_NAMES_MAX} host names without ports, or *`,
    purpose: "names that JSON-RPC may be called by; op-geth's --http.vhosts",
    default: [],
    form: 'list',
    flag: 'rpc-hosts',
    argument: 'name',
    env: 'RPC_HOSTS'
  },
  rpcCors: {
    expected: `a list of at most ${RPC_NAMES_MAX} origins, as https://app.example.org, or *`,
    purpose: "web pages that may call JSON-RPC; op-geth's --http.corsdomain and --ws.origins",
    default: [],
    form: 'list',
    flag: 'rpc-cors',
    argument: 'origin',
    env: 'RPC_CORS'
  },
  adminTokenFile: {
    expected: 'a file',
    purpose: 'the word that admin_ methods take, from this machine alone: mode 600',
    fallback: 'none: admin_ methods are refused',
    env: 'ADMIN_TOKEN_FILE',
    isPath: true
  },
  metrics: {
    expected: 'host:port',
    purpose: 'where metrics are served',
    default: '127.0.0.1:7300',
    flag: 'metrics',
    argument: 'host:port',
    env: 'METRICS'
  },
  sequencerRpc: {
    expected: 'an http or https URL',
    purpose: 'for a backup: where transactions go on to',
    fallback: 'none: sent transactions are refused',
    flag: 'sequencer-rpc',
    argument: 'url',
    env: 'SEQUENCER_RPC'
  },
  logLevel: {
    expected: 'error, warn, info or debug',
    purpose: 'the least that is logged',
    default: 'info',
    flag: 'log-level',
    argument: 'level',
    env: 'LOG_LEVEL'
  }
} as const satisfies Readonly<Record<string, ConfigKey>>

/** The name of a key, as it stands in the file. */
export type ConfigKeyName = keyof typeof CONFIG_KEYS

/** All names in their order. */
export const CONFIG_KEY_NAMES = Object.keys(CONFIG_KEYS) as readonly ConfigKeyName[]

/** True for a key that takes several texts. */
export function takesMany({ form }: ConfigKey): boolean {
  return form === 'list' || form === 'signers'
}

/** A key of the table, in the shape they all share. */
export function configKey(name: ConfigKeyName): ConfigKey {
  return CONFIG_KEYS[name]
}

/** True for the name of a key. */
export function isConfigKeyName(name: string): name is ConfigKeyName {
  return Object.hasOwn(CONFIG_KEYS, name)
}
