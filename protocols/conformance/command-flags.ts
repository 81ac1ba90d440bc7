// The flags of the command: read, checked, defaulted; what is wrong is said in one line.
import { parseArgs } from 'node:util'
import { fromHex } from './block-maker.ts'
import { type SubjectOptions } from './suite-peer.ts'

/** What --help prints. */
export const USAGE = `usage: rekindle-conformance --target <multiaddr> --chain-id <id>
  --genesis-hash <hex>   the chain's genesis; learnt from the node when left out
  --fork-digest <hex>    what the node's fork digest has to be
  --signer <address>     signs the chain's blocks; again for each of several
  --signer-key <hex>     signs blocks for the gossip cases; never the key of a chain in use
  --preset op|opbnb      the numbers of the gossip rules; op when left out
  --listen <multiaddr>   listens there for the node, which has to dial the address that is printed
  --peer-key <file>      the identity to listen with, made when there is no such file; new each time when left out
  --print-address        prints that address, for the config of a node that is not started yet, and ends
  --patience <ms>        how long an answer may take, not counting stalls of the suite itself; 3000 when left out
  --may-not-run <id>     a case that may be not run, without a word in the exit code; again for each, or "all"
  --json                 one JSON object in place of lines
  --help                 this
exit code: 0 all cases were run and no rule is broken; 1 a rule is broken; 2 the suite could not run;
           3 no rule is broken in what was run, but a case was not run that --may-not-run does not name
`

const PATIENCE_MS = 3_000

/** What was asked for. */
export interface Flags {
  readonly options: SubjectOptions
  readonly listen: string | undefined
  readonly peerKeyFile: string | undefined
  /** Ids of cases. */
  readonly mayNotRun: readonly string[]
  readonly json: boolean
}

/** Flags, a text to print, or the address to print. */
export type ParsedFlags =
  | { readonly kind: 'run'; readonly flags: Flags }
  | { readonly kind: 'help' }
  | { readonly kind: 'address'; readonly listen: string; readonly peerKeyFile: string }

/** Reads the arguments behind node and script. Throws an Error that says what is wrong. */
export function readFlags(args: readonly string[]): ParsedFlags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string' },
      'chain-id': { type: 'string' },
      'genesis-hash': { type: 'string' },
      'fork-digest': { type: 'string' },
      signer: { type: 'string', multiple: true },
      'signer-key': { type: 'string' },
      'peer-key': { type: 'string' },
      'print-address': { type: 'boolean', default: false },
      preset: { type: 'string', default: 'op' },
      listen: { type: 'string' },
      patience: { type: 'string', default: String(PATIENCE_MS) },
      'may-not-run': { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return { kind: 'help' }
  const { target, preset, listen } = values
  const peerKeyFile = values['peer-key']
  for (const [name, text] of Object.entries({ target: target ?? '/', listen: listen ?? '/' })) {
    if (!text.startsWith('/')) throw new Error(`--${name} is no multiaddr: ${text}`)
  }
  if (values['print-address']) return readAddress(listen, peerKeyFile)
  const chainId = values['chain-id']
  if (target === undefined || chainId === undefined) {
    throw new Error('--target and --chain-id must be given')
  }
  if (!/^[0-9]{1,19}$/.test(chainId)) {
    throw new Error('--chain-id is no number of at most 19 digits')
  }
  if (preset !== 'op' && preset !== 'opbnb') throw new Error('--preset is op or opbnb')
  if (!/^[1-9][0-9]{0,5}$/.test(values.patience)) {
    throw new Error('--patience is no number from 1 to 999999')
  }
  if (peerKeyFile !== undefined && listen === undefined) {
    throw new Error('--peer-key is the identity to listen with, and needs --listen')
  }
  const options = {
    target,
    chainId: BigInt(chainId),
    genesisHash: readHex('genesis-hash', values['genesis-hash'], 32),
    forkDigest: readHex('fork-digest', values['fork-digest'], 4),
    signerKey: readHex('signer-key', values['signer-key'], 32),
    signers: values.signer?.map(readAddressHex),
    preset,
    patienceMs: Number(values.patience)
  } as const
  const mayNotRun = values['may-not-run'] ?? []
  return { kind: 'run', flags: { options, listen, peerKeyFile, mayNotRun, json: values.json } }
}

/** A port that the system chooses is known only when somebody listens there. */
function readAddress(listen: string | undefined, peerKeyFile: string | undefined): ParsedFlags {
  if (listen === undefined || peerKeyFile === undefined) {
    throw new Error('--print-address needs --listen and --peer-key')
  }
  if (/\/tcp\/0(\/|$)/.test(listen)) throw new Error('--print-address needs a port in --listen')
  return { kind: 'address', listen, peerKeyFile }
}

function readAddressHex(text: string): string {
  readHex('signer', text, 20)
  return `0x${text.replace(/^0x/, '').toLowerCase()}`
}

function readHex(name: string, text: string | undefined, length: number): Uint8Array | undefined {
  if (text === undefined) return undefined
  const isHex = /^(0x)?([0-9a-fA-F]{2})*$/.test(text)
  const bytes = fromHex(isHex ? text : '')
  if (bytes.length !== length) throw new Error(`--${name} is not ${String(length)} bytes in hex`)
  return bytes
}
