// What the value of each config key has to be.
import { z } from 'zod'
import { BLOCK_TIME_MAX_MS, BLOCK_TIME_MIN_MS } from '../chain/blocks/block-times.ts'
import { SIGNER_PERIODS_MAX } from '../chain/blocks/signer-schedule.ts'
import { BACKUPS_MAX } from '../peer/configured-peers.ts'
import {
  ADDRESS_TEXT,
  ADVERTISED_MAX,
  type ConfigKeyName,
  PEERS_MAX,
  RPC_NAMES_MAX
} from './config-keys.ts'

const PATH_LENGTH_MAX = 4096

/** What the next block may ask for: BLOCKHASH reads so far down. */
const HISTORY_MIN_BLOCKS = 256

const path = z.string().min(1).max(PATH_LENGTH_MAX)
const peerAddress = z.string({ error: 'a multiaddr' }).max(512)
const hostPort = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/)
const HOST_TEXT = 'a host name without a port, or *'
const hostName = z
  .string({ error: HOST_TEXT })
  .max(253, HOST_TEXT)
  .regex(/^(\*|[a-zA-Z0-9._-]+|[0-9a-fA-F:.]+)$/, HOST_TEXT)
const ORIGIN_TEXT = 'an origin: a scheme, a host and no path, as https://app.example.org, or *'
const origin = z
  .string({ error: ORIGIN_TEXT })
  .max(512, ORIGIN_TEXT)
  .regex(/^(\*|[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^\s/,?#@]+)$/, ORIGIN_TEXT)
const address = z.string({ error: ADDRESS_TEXT }).regex(/^0x[0-9a-fA-F]{40}$/, ADDRESS_TEXT)
const blockNumber = z.int({ error: 'a block number' }).min(0, 'a block number')

/** Apart from the table of keys: help and flags are printed without the library that checks. */
const SCHEMAS = {
  role: z.enum(['sequencer', 'backup']),
  dataDir: path,
  genesisFile: path,
  peerKeyFile: path,
  listen: z.string().max(512),
  advertise: z.array(peerAddress).max(ADVERTISED_MAX),
  peers: z.array(peerAddress).max(PEERS_MAX),
  backups: z.array(peerAddress).max(BACKUPS_MAX),
  quorum: z.union([z.enum(['auto', 'all', 'none']), z.int().min(1).max(BACKUPS_MAX)]),
  signers: z
    .array(
      z.strictObject(
        { fromBlock: blockNumber, address },
        { error: 'ADDRESS or HEIGHT:ADDRESS, in the file {fromBlock, address}' }
      )
    )
    .min(1)
    .max(SIGNER_PERIODS_MAX),
  sequencerKeyFile: path,
  signedRecordFile: path,
  signedRecord: z.enum(['on', 'off']),
  history: z.union([z.literal('all'), z.int().min(HISTORY_MIN_BLOCKS)]),
  preset: z.enum(['op', 'opbnb']),
  blockTimeMs: z.int().min(BLOCK_TIME_MIN_MS).max(BLOCK_TIME_MAX_MS),
  feeRecipient: address,
  gasLimit: z.int().min(5000),
  rpc: hostPort,
  rpcHosts: z.array(hostName).max(RPC_NAMES_MAX),
  rpcCors: z.array(origin).max(RPC_NAMES_MAX),
  adminTokenFile: path,
  metrics: hostPort,
  sequencerRpc: z.string().max(2048),
  logLevel: z.enum(['error', 'warn', 'info', 'debug'])
} as const satisfies Readonly<Record<ConfigKeyName, z.ZodType>>

/** The value of each key, where one was given or has a default. */
export type ConfigValues = {
  readonly [Name in ConfigKeyName]?: z.infer<(typeof SCHEMAS)[Name]>
}

/** What a key takes. */
export function configSchema(name: ConfigKeyName): z.ZodType {
  return SCHEMAS[name]
}
