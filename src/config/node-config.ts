// What a node is started with: every value checked, every path absolute.
import { type Hex } from '../base/bytes.ts'
import { type PresetName } from '../chain/blocks/block-times.ts'
import { type SignerPeriod } from '../chain/blocks/signer-schedule.ts'

/** A peer to keep a connection to. */
export interface PeerAddress {
  /** With /p2p/ and the peer id at its end. */
  readonly multiaddr: string
  readonly peerId: string
}

/** Where a server listens. */
export interface HostPort {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** Where the key that signs blocks and its record lie. */
export interface SignerFilesConfig {
  readonly keyFile: string
  /** Undefined when the record is off. */
  readonly recordFile: string | undefined
}

/** Everything an operator can set for a node (src/config/README.md). */
export interface NodeConfig {
  readonly role: 'sequencer' | 'backup'
  /** Holds the databases, each in a directory of its own. */
  readonly dataDir: string
  readonly genesisFile: string
  readonly peerKeyFile: string
  readonly listen: string
  /** Where peers reach it, without its peer id; empty: where it listens. */
  readonly advertise: readonly string[]
  /** Without those that are backups too. */
  readonly peers: readonly PeerAddress[]
  readonly backups: readonly PeerAddress[]
  readonly quorum: 'auto' | 'all' | 'none' | number
  /** Undefined: the genesis file's. */
  readonly signers: readonly SignerPeriod[] | undefined
  /** Undefined for a backup, which signs nothing. */
  readonly signer: SignerFilesConfig | undefined
  /** Undefined: admin_ methods are refused. */
  readonly adminTokenFile: string | undefined
  /** Blocks below the head that are brought behind it, after a jump to a state. */
  readonly history: 'all' | number
  readonly preset: PresetName
  /** Undefined: the genesis file's. */
  readonly blockTimeMs: number | undefined
  readonly feeRecipient: Hex
  /** Undefined: the parent block's. */
  readonly gasLimit: bigint | undefined
  readonly rpc: HostPort
  /** Names besides its addresses that JSON-RPC may be called by; `*` for any. */
  readonly rpcHosts: readonly string[]
  /** Origins of the web pages that may call JSON-RPC; `*` for any. */
  readonly rpcCors: readonly string[]
  readonly metrics: HostPort
  readonly sequencerRpc: string | undefined
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
  /** Good for this start alone. */
  readonly oneStart: OneStartConfig
}

/** Overrides that an operator gives by name, for one start. */
export interface OneStartConfig {
  /** The head on which the gate may open although the quorum has not answered. */
  readonly startWithoutBackups: Hex | undefined
  /** The block above which announced blocks are given up. */
  readonly giveUpAbove: Hex | undefined
}
