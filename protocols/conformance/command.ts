// What the command does: it runs the suite against a node, and says what came of it.
import { setTimeout as delay } from 'node:timers/promises'
import { type Flags, readFlags, USAGE } from './command-flags.ts'
import { HIDDEN_RULES } from './hidden-rules.ts'
import { NodeListener } from './node-listener.ts'
import { addressOf, openPeerKey } from './peer-key-file.ts'
import { runSuite, SubjectUnusable } from './suite.ts'
import { type CaseResult } from './verdict.ts'

const DIAL_WAIT_MS = 120_000
const DIAL_LOOK_MS = 100

/** How the command ends. */
export const EXIT = { ok: 0, failed: 1, unusable: 2, partly: 3 } as const

/** Where the command writes; the streams of a process, or of a test. */
export interface CommandOutput {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

/** Runs the command and resolves with its exit code. It says whatever ends it, and never rejects. */
export async function runCommand(args: readonly string[], output: CommandOutput): Promise<number> {
  let parsed: ReturnType<typeof readFlags>
  try {
    parsed = readFlags(args)
  } catch (thrown) {
    output.stderr(`${messageOf(thrown)}; --help lists all flags\n`)
    return EXIT.unusable
  }
  try {
    switch (parsed.kind) {
      case 'help':
        output.stdout(USAGE)
        return EXIT.ok
      case 'address':
        output.stdout(describeAddress(await addressFor(parsed.listen, parsed.peerKeyFile)))
        return EXIT.ok
      case 'run':
        return await tryNode(parsed.flags, output)
    }
  } catch (thrown) {
    output.stderr(`the suite could not run: ${messageOf(thrown)}\n`)
    return EXIT.unusable
  }
}

async function tryNode(flags: Flags, output: CommandOutput): Promise<number> {
  const { options, json, mayNotRun } = flags
  const listener = await openListener(flags, output)
  try {
    const results = await runSuite(options, {
      listener,
      onResult: (result) => {
        if (!json) output.stdout(`${lineOf(result)}\n`)
      }
    })
    output.stdout(reportOf(results, json))
    return exitCodeOf(results, mayNotRun)
  } finally {
    await listener?.stop()
  }
}

/** A case that was not run says nothing of the node: only who names it may count the run as whole. */
function exitCodeOf(results: readonly CaseResult[], mayNotRun: readonly string[]): number {
  if (results.some(({ outcome }) => outcome === 'failed')) return EXIT.failed
  const left = results.filter(
    ({ id, outcome }) =>
      outcome === 'not run' && !mayNotRun.includes('all') && !mayNotRun.includes(id)
  )
  return left.length > 0 ? EXIT.partly : EXIT.ok
}

async function addressFor(listen: string, peerKeyFile: string): Promise<string> {
  return addressOf(listen, await openPeerKey(peerKeyFile))
}

function describeAddress(address: string): string {
  const peerId = address.slice(address.lastIndexOf('/') + 1)
  return (
    `peer id    ${peerId}\nmultiaddr  ${address}\n` +
    `The node is to keep a connection to it: "peers": ["${address}"] in the config of Rekindle, or --peer ${address}; ` +
    `a static peer elsewhere.\n`
  )
}

/** Listens, says where, and waits until the node has dialled. */
async function openListener(
  { options, listen, peerKeyFile }: Flags,
  { stderr }: CommandOutput
): Promise<NodeListener | undefined> {
  if (listen === undefined) return undefined
  const { chainId, patienceMs } = options
  const peerKey = peerKeyFile === undefined ? undefined : await openPeerKey(peerKeyFile)
  let listener: NodeListener
  try {
    listener = await NodeListener.open({ multiaddr: listen, peerKey, chainId, patienceMs })
  } catch (thrown) {
    throw new SubjectUnusable(`cannot listen on ${listen}: ${messageOf(thrown)}`, { cause: thrown })
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
  const said = cause === undefined ? first : cause.trim()
  return said === '' ? 'an error without a message' : said
}

function lineOf({ id, title, outcome, detail, rules }: CaseResult): string {
  const seen = detail === '' ? '' : `: ${detail}`
  return `${outcome.padEnd(7)} ${id} (${rules.join(', ')}): ${title}${seen}`
}

function reportOf(results: readonly CaseResult[], json: boolean): string {
  const idsOf = (outcome: CaseResult['outcome']) =>
    results.filter((result) => result.outcome === outcome).map(({ id }) => id)
  const [ok, failed, notRun] = [idsOf('ok'), idsOf('failed'), idsOf('not run')]
  const counts = { ok: ok.length, failed: failed.length, notRun: notRun.length }
  if (json) {
    const isWhole = notRun.length === 0
    return `${JSON.stringify({ ...counts, isWhole, results, hidden: HIDDEN_RULES })}\n`
  }
  const lists = [
    ...(failed.length > 0 ? [`failed:  ${failed.join('; ')}\n`] : []),
    ...(notRun.length > 0 ? [`not run: ${notRun.join('; ')}\n`] : [])
  ]
  return (
    lists.join('') +
    `${String(counts.ok)} ok, ${String(counts.failed)} failed, ${String(counts.notRun)} not run; ` +
    `${String(HIDDEN_RULES.length)} rules cannot be seen from outside\n`
  )
}
