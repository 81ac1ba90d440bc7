// Decisions of the vectors of state protocols: an answer to a request, and what a client makes of it.
import assert from 'node:assert/strict'
import { type CheckedProtocol } from '../../src/reqresp/served-protocol.ts'
import {
  type FalseState,
  FalseStateError,
  type StateChecks
} from '../../src/sync/protocols/state-checks.ts'
import { fromHex } from './protocol-vectors.ts'

/** One decision: bytes of a request and of the one chunk of its answer. */
export interface Decision {
  readonly name: string
  readonly request: string
  readonly chunk: string
  readonly verdict: 'sound' | 'false'
}

/** What the client's checks make of an answer. */
export type Judged<Item> =
  | { readonly item: Item; readonly failures: readonly FalseState[] }
  | { readonly item: undefined; readonly failures: readonly FalseState[] }

/** Runs the checks over one chunk; a false answer is told once and thrown. */
export async function judgeAnswer<Request, Chunk, Needs, Item>(
  protocol: CheckedProtocol<Request, Chunk, never, Needs & StateChecks, Item>,
  { request, chunk }: { readonly request: Request; readonly chunk: Chunk },
  needs: Omit<Needs, keyof StateChecks>
): Promise<Judged<Item>> {
  const failures: FalseState[] = []
  const checks = { ...needs, onFalse: (failure: FalseState) => failures.push(failure) }
  const items: Item[] = []
  try {
    const chunks = oneOf(chunk)
    const asked = { peer: 'peer', request }
    for await (const item of protocol.check(asked, chunks, checks as Needs & StateChecks))
      items.push(item)
  } catch (thrown) {
    assert.ok(thrown instanceof FalseStateError, String(thrown))
    assert.deepEqual(failures, [thrown.failure])
    assert.equal(items.length, 0)
    return { item: undefined, failures }
  }
  assert.deepEqual(failures, [])
  assert.equal(items.length, 1)
  return { item: items[0]!, failures }
}

/** Asserts the verdict of a decision; returns what a sound answer stands for. */
export async function assertVerdict<Request, Chunk, Needs, Item>(
  protocol: CheckedProtocol<Request, Chunk, never, Needs & StateChecks, Item>,
  decision: Decision,
  needs: Omit<Needs, keyof StateChecks>
): Promise<Item | undefined> {
  const { def } = protocol
  const request = def.request.decode(fromHex(decision.request))
  const chunk = def.chunk.decode(0, fromHex(decision.chunk))
  const { item } = await judgeAnswer(protocol, { request, chunk }, needs)
  assert.equal(item === undefined ? 'false' : 'sound', decision.verdict)
  return item
}

async function* oneOf<Chunk>(chunk: Chunk): AsyncGenerator<Chunk> {
  yield await Promise.resolve(chunk)
}
