// Runs the cases against one node, one after the other, and says what became of each.
import { ALL_CASES } from './all-cases.ts'
import { type ConformanceCase } from './conformance-case.ts'
import { type CaseResult, NodeAway, NotRun, RuleBroken } from './verdict.ts'
import { GossipPeers } from './gossip-peers.ts'
import { learnChain } from './learn-chain.ts'
import { type NodeListener } from './node-listener.ts'
import { suiteStatus } from './raw-status.ts'
import { type Subject } from './subject.ts'
import { type SubjectOptions } from './suite-peer.ts'
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
  let awaySince: string | undefined
  try {
    for (const one of cases) {
      const isTried = awaySince === undefined || one.isForAwayNode === true
      const { isAway, ...result } = isTried
        ? await runCase(one, subject)
        : notRun(one, `the node is away since ${String(awaySince)}`)
      if (isAway) awaySince ??= one.id
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
    const first = await learnChain(options, listener)
    const { genesisHash, forkDigest } = first
    const { chainId } = options
    const ownStatus: Subject['ownStatus'] = (other = {}) =>
      suiteStatus(other.chainId ?? chainId, other.genesisHash ?? genesisHash, { forkDigest })
    let height = first.unsafeNumber + FREE_HEIGHTS_ABOVE
    return {
      options,
      chainId,
      genesisHash,
      ownStatus,
      status: first,
      survey: await takeSurvey(options, ownStatus(), first),
      listener,
      gossip: new GossipPeers(options, listener),
      freeHeight: () => ++height
    }
  } catch (thrown) {
    throw new SubjectUnusable(reasonOf(thrown), { cause: thrown })
  }
}

interface CaseRun extends CaseResult {
  /** True when the node could not be dialled. */
  readonly isAway: boolean
}

function notRun({ id, rules, title }: ConformanceCase, detail: string): CaseRun {
  return { id, rules, title, outcome: 'not run', detail, isAway: false }
}

/** A case that ends in any other way than by a verdict of its own has not seen what it judges. */
async function runCase(one: ConformanceCase, subject: Subject): Promise<CaseRun> {
  const { id, rules, title } = one
  try {
    await one.run(subject)
    return { id, rules, title, outcome: 'ok', detail: '', isAway: false }
  } catch (thrown) {
    if (thrown instanceof RuleBroken) {
      return { id, rules, title, outcome: 'failed', detail: thrown.message, isAway: false }
    }
    if (thrown instanceof NotRun) {
      return { ...notRun(one, thrown.message), isAway: thrown instanceof NodeAway }
    }
    return notRun(one, `the case could not end: ${reasonOf(thrown)}`)
  }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'something that is no error was thrown'
}
