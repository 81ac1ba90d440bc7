// Runs the cases against one node, one after the other, and says what became of each.
import { ALL_CASES } from './all-cases.ts'
import { type ConformanceCase } from './conformance-case.ts'
import { type CaseResult, NotRun, RuleBroken } from './verdict.ts'
import { contentsOf } from './frames.ts'
import { GossipPeers } from './gossip-peers.ts'
import { type NodeListener } from './node-listener.ts'
import { type RawStatus, readRawStatus, suiteStatus } from './raw-status.ts'
import { type Subject } from './subject.ts'
import { type SubjectOptions, withPeer } from './suite-peer.ts'
import { takeSurvey } from './survey.ts'

/** The node could not be reached, or gave nothing to begin with. */
export class SubjectUnusable extends Error {}

/** Heights of the suite's own blocks begin so far above the node's head. */
const FREE_HEIGHTS_ABOVE = 100_000n

/** How a run is followed and narrowed. */
export interface SuiteRun {
  readonly listener?: NodeListener | undefined
  readonly cases?: readonly ConformanceCase[]
  readonly onResult?: (result: CaseResult) => void
}

/** Runs all cases. Throws SubjectUnusable when there is no node to run them against. */
export async function runSuite(
  options: SubjectOptions,
  { listener, cases = ALL_CASES, onResult = () => undefined }: SuiteRun = {}
): Promise<readonly CaseResult[]> {
  const subject = await meet(options, listener)
  const results: CaseResult[] = []
  try {
    for (const one of cases) {
      const result = await runCase(one, subject)
      results.push(result)
      onResult(result)
    }
  } finally {
    await subject.gossip.stop()
  }
  return results
}

async function meet(options: SubjectOptions, listener: NodeListener | undefined): Promise<Subject> {
  try {
    const first = await firstStatus(options)
    const genesisHash = options.genesisHash ?? first.genesisHash
    let height = first.unsafeNumber + FREE_HEIGHTS_ABOVE
    return {
      options,
      chainId: options.chainId,
      genesisHash,
      status: first,
      survey: await takeSurvey(options, genesisHash, first),
      listener,
      gossip: new GossipPeers(options, listener),
      freeHeight: () => ++height
    }
  } catch (thrown) {
    throw new SubjectUnusable(reasonOf(thrown), { cause: thrown })
  }
}

/** With another genesis hash than the node's this costs the connection, but the answer comes before. */
async function firstStatus(options: SubjectOptions): Promise<RawStatus> {
  const { chainId, genesisHash = new Uint8Array(32) } = options
  const bytes = suiteStatus(chainId, genesisHash)
  const answer = await withPeer(options, ({ ask }) =>
    ask({ protocol: 'status', what: 'a first status', bytes })
  )
  const [content] = contentsOf(answer)
  if (content === undefined) {
    throw new SubjectUnusable(
      'it answers no status; give --genesis-hash if it will not speak without'
    )
  }
  return readRawStatus(content)
}

async function runCase(one: ConformanceCase, subject: Subject): Promise<CaseResult> {
  const { id, rules, title } = one
  try {
    await one.run(subject)
    return { id, rules, title, outcome: 'ok', detail: '' }
  } catch (thrown) {
    if (thrown instanceof NotRun) {
      return { id, rules, title, outcome: 'not run', detail: thrown.message }
    }
    const detail =
      thrown instanceof RuleBroken ? thrown.message : `the case could not end: ${reasonOf(thrown)}`
    return { id, rules, title, outcome: 'failed', detail }
  }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'something that is no error was thrown'
}
