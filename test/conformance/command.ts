// What the command does: it reads its flags, runs the suite against a node, and says what came of it.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fromHex } from './block-maker.ts'
import { type CaseResult } from './verdict.ts'
import { HIDDEN_RULES } from './hidden-rules.ts'
import { NodeListener } from './node-listener.ts'
import { type SubjectOptions } from './suite-peer.ts'
import { runSuite, SubjectUnusable } from './suite.ts'

const USAGE = `usage: npm run conformance -- --target <multiaddr> --chain-id <id>
  --genesis-hash <hex>   the chain's genesis; learnt from the node's status when left out
  --fork-digest <hex>    what the node's fork digest has to be
  --signer-key <hex>     signs blocks for the gossip cases; never the key of a chain in use
  --preset op|opbnb      the numbers of the gossip rules; op when left out
  --listen <multiaddr>   listens there for the node; it has to dial the address that is printed
  --peer-key <hex>       the identity to listen with; new when left out
  --patience <ms>        how long an answer may take, not counting stalls of the suite itself; 3000 when left out
  --json                 one JSON object in place of lines
  --help                 this
exit code: 0 no rule is broken, 1 a rule is broken, 2 the suite could not run
`

const DIAL_WAIT_MS = 120_000
const DIAL_LOOK_MS = 100
const PATIENCE_MS = 3_000
const EXIT = { ok: 0, failed: 1, unusable: 2 } as const

interface Flags {
  readonly options: SubjectOptions
  readonly listen: string | undefined
  readonly peerKey: Uint8Array | undefined
  readonly json: boolean
}

/** Where the command writes; the streams of a process, or of a test. */
export interface CommandOutput {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

/** Runs the command and resolves with its exit code. */
export async function runCommand(args: readonly string[], output: CommandOutput): Promise<number> {
  let flags: Flags | undefined
  try {
    flags = readFlags(args)
  } catch (thrown) {
    output.stderr(`${messageOf(thrown)}; --help lists all flags\n`)
    return EXIT.unusable
  }
  if (flags === undefined) {
    output.stdout(USAGE)
    return EXIT.ok
  }
  const { options, json } = flags
  let listener: NodeListener | undefined
  try {
    listener = await openListener(flags, output)
    const results = await runSuite(options, {
      listener,
      onResult: (result) => {
        if (!json) output.stdout(`${lineOf(result)}\n`)
      }
    })
    output.stdout(reportOf(results, json))
    return results.some(({ outcome }) => outcome === 'failed') ? EXIT.failed : EXIT.ok
  } catch (thrown) {
    if (!(thrown instanceof SubjectUnusable)) throw thrown
    output.stderr(`the suite could not run: ${thrown.message}\n`)
    return EXIT.unusable
  } finally {
    await listener?.stop()
  }
}

/** Undefined for --help. Throws what is wrong with the others. */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string' },
      'chain-id': { type: 'string' },
      'genesis-hash': { type: 'string' },
      'fork-digest': { type: 'string' },
      'signer-key': { type: 'string' },
      'peer-key': { type: 'string' },
      preset: { type: 'string', default: 'op' },
      listen: { type: 'string' },
      patience: { type: 'string', default: String(PATIENCE_MS) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return undefined
  const { target, preset } = values
  const chainId = values['chain-id']
  if (target === undefined || chainId === undefined) {
    throw new Error('--target and --chain-id must be given')
  }
  for (const [name, text] of Object.entries({ target, listen: values.listen ?? '/' })) {
    if (!text.startsWith('/')) throw new Error(`--${name} is no multiaddr: ${text}`)
  }
  if (!/^[0-9]{1,19}$/.test(chainId))
    throw new Error('--chain-id is no number of at most 19 digits')
  if (preset !== 'op' && preset !== 'opbnb') throw new Error('--preset is op or opbnb')
  if (!/^[1-9][0-9]{0,5}$/.test(values.patience)) {
    throw new Error('--patience is no number from 1 to 999999')
  }
  const options = {
    target,
    chainId: BigInt(chainId),
    genesisHash: readHex('genesis-hash', values['genesis-hash'], 32),
    forkDigest: readHex('fork-digest', values['fork-digest'], 4),
    signerKey: readHex('signer-key', values['signer-key'], 32),
    preset,
    patienceMs: Number(values.patience)
  } as const
  const peerKey = readHex('peer-key', values['peer-key'], 32)
  return { options, listen: values.listen, peerKey, json: values.json }
}

function readHex(name: string, text: string | undefined, length: number): Uint8Array | undefined {
  if (text === undefined) return undefined
  const isHex = /^(0x)?([0-9a-fA-F]{2})*$/.test(text)
  const bytes = fromHex(isHex ? text : '')
  if (bytes.length !== length) throw new Error(`--${name} is not ${String(length)} bytes in hex`)
  return bytes
}

/** Listens, says where, and waits until the node has dialled. */
async function openListener(
  { options, listen, peerKey }: Flags,
  { stderr }: CommandOutput
): Promise<NodeListener | undefined> {
  if (listen === undefined) return undefined
  const { chainId, patienceMs } = options
  let listener: NodeListener
  try {
    listener = await NodeListener.open({ multiaddr: listen, peerKey, chainId, patienceMs })
  } catch (thrown) {
    throw new SubjectUnusable(`cannot listen on ${listen}: ${messageOf(thrown)}`)
  }
  stderr(`let the node dial ${listener.multiaddrs.join(' or ')}\n`)
  const deadline = performance.now() + DIAL_WAIT_MS
  while (!listener.isConnected && performance.now() < deadline) await delay(DIAL_LOOK_MS)
  if (listener.isConnected) return listener
  await listener.stop()
  throw new SubjectUnusable('the node did not dial')
}

/** One line: what libraries add in further ones is for their authors. */
function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const [first = '', ...more] = text.split('\n').filter((line) => line.trim() !== '')
  const cause = more.find((line) => line.includes('Error: '))
  return cause === undefined ? first : cause.trim()
}

function lineOf({ id, title, outcome, detail, rules }: CaseResult): string {
  const seen = detail === '' ? '' : `: ${detail}`
  return `${outcome.padEnd(7)} ${id} (${rules.join(', ')}): ${title}${seen}`
}

function reportOf(results: readonly CaseResult[], json: boolean): string {
  const count = (outcome: CaseResult['outcome']) =>
    results.filter((result) => result.outcome === outcome).length
  const counts = { ok: count('ok'), failed: count('failed'), notRun: count('not run') }
  if (json) return `${JSON.stringify({ ...counts, results, hidden: HIDDEN_RULES })}\n`
  return (
    `${String(counts.ok)} ok, ${String(counts.failed)} failed, ${String(counts.notRun)} not run; ` +
    `${String(HIDDEN_RULES.length)} rules cannot be seen from outside\n`
  )
}
