// One run of the suite against one fake.
import { type ConformanceCase } from '../../../protocols/conformance/conformance-case.ts'
import { NodeListener } from '../../../protocols/conformance/node-listener.ts'
import { runSuite } from '../../../protocols/conformance/suite.ts'
import { type CaseResult } from '../../../protocols/conformance/verdict.ts'
import { FAKE_CHAIN_ID, FAKE_SIGNER } from './fake-chain.ts'
import { type FakeFaults, startFakeNode } from './fake-node.ts'

/** What is tried, and how. */
export interface FakeRun {
  readonly cases: readonly ConformanceCase[]
  /** True: the fake dials the suite too. */
  readonly isDialled: boolean
  readonly patienceMs: number
}

/** Runs the cases against a new fake, and leaves nothing behind. */
export async function runAgainst(
  faults: FakeFaults,
  { cases, isDialled, patienceMs }: FakeRun
): Promise<readonly CaseResult[]> {
  const chainId = FAKE_CHAIN_ID
  const listening = { multiaddr: '/ip4/127.0.0.1/tcp/0', chainId, patienceMs }
  const listener = isDialled ? await NodeListener.open(listening) : undefined
  const node = await startFakeNode(faults, listener?.multiaddrs[0])
  try {
    const target = node.multiaddr
    const options = { target, chainId, signerKey: FAKE_SIGNER, preset: 'op', patienceMs } as const
    return await runSuite(options, { listener, cases })
  } finally {
    await node.stop()
    await listener?.stop()
  }
}

/** The cases that failed, and what each saw. */
export function failuresOf(results: readonly CaseResult[]): readonly CaseResult[] {
  return results.filter(({ outcome }) => outcome === 'failed')
}

/** One line for each. */
export function linesOf(results: readonly CaseResult[]): readonly string[] {
  return results.map(({ id, detail }) => `${id}: ${detail}`)
}
