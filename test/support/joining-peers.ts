// Peers that serve states over the port of fetching, a few items an answer: honest, lying and silent ones.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { compareBytes, equalBytes, hexToBytes } from '../../src/base/bytes.ts'
import { type Clock } from '../../src/base/clock.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Random } from '../../src/base/random.ts'
import { RequestError } from '../../src/reqresp/request-error.ts'
import { decodeAccount, encodeSlimAccount } from '../../src/state/account-codec.ts'
import { decodeSlotValue } from '../../src/state/slot-value.ts'
import { type StateView } from '../../src/state/state-view.ts'
import { type ProvenNode, type ProvenSlots } from '../../src/state/proven-state.ts'
import { type StatePeers } from '../../src/sync/protocols/state-peers.ts'
import { type NodeSource } from '../../src/trie/node-source.ts'
import { proveRange } from '../../src/trie/proof.ts'
import { RangeProofError } from '../../src/trie/range-proof.ts'
import { iterateEntries } from '../../src/trie/trie-walk.ts'
import { type ServedStates } from './joining-states.ts'
import { verifyRange } from './range-claims.ts'

/** Of a request to a peer that is silent. */
export const DEADLINE_MS = 5_000

/** What a peer does that is not as it should be. */
export interface PeerWays {
  /** One answer in so many is false; 0: none. */
  readonly liesOneIn?: number
  /** It never answers; a request has a deadline. */
  readonly isSilent?: boolean
}

/** What peers serve, and how. */
export interface ServingOptions {
  readonly states: ServedStates
  readonly random: Random
  readonly clock: Clock
  readonly ways: ReadonlyMap<string, PeerWays>
  readonly itemsMax: number
  /** Called before each answer. */
  readonly onRequest: () => void
}

/** Peers whose answers are verified as the client's checks do, and whose liars are told of. */
export class ServingPeers implements StatePeers {
  /** Who told a lie, each time. */
  readonly blamed: string[] = []
  /** Slots of all answers. */
  slotsCount = 0
  readonly #options: ServingOptions

  constructor(options: ServingOptions) {
    this.#options = options
  }

  async accounts(...[peer, asked, signal]: Parameters<StatePeers['accounts']>) {
    const view = await this.#open(peer, asked.root, signal)
    const source = { node: (path: Uint8Array) => view.node(undefined, path) }
    const { entries, nodes, hasMore } = this.#range(peer, source, asked)
    const accounts = entries.map(({ key, value }) => ({
      hash: key,
      body: encodeSlimAccount(decodeAccount(value))
    }))
    return { accounts, nodes, hasMore }
  }

  async slots(...[peer, { accounts, root, ...stretch }, signal]: Parameters<StatePeers['slots']>) {
    const view = await this.#open(peer, root, signal)
    const storages: ProvenSlots[] = []
    let leftCount = this.#options.itemsMax
    for (const { hash, storageRoot } of accounts) {
      const source = { node: (path: Uint8Array) => view.node(hash, path) }
      const { entries, nodes, hasMore } = this.#range(peer, source, {
        root: storageRoot,
        ...stretch
      })
      const slots = entries.map(({ key, value }) => ({ hash: key, value: decodeSlotValue(value) }))
      storages.push({ slots, nodes })
      this.slotsCount += slots.length
      if (hasMore) return { storages, hasMore }
      leftCount -= entries.length
      if (leftCount <= 0) break
    }
    return { storages, hasMore: false }
  }

  async codes(...[peer, hashes, signal]: Parameters<StatePeers['codes']>) {
    const view = await this.#open(peer, undefined, signal)
    if (this.#isLie(peer)) return this.#blame(peer)
    return hashes.flatMap((hash) => view.code(hash) ?? []).slice(0, this.#options.itemsMax)
  }

  async nodes(...[peer, root, wanted, signal]: Parameters<StatePeers['nodes']>) {
    const view = await this.#open(peer, root, signal)
    return wanted.slice(0, this.#options.itemsMax).map(({ account, path, hash }) => {
      const owner = account.every((byte) => byte === 0) ? undefined : account
      const node = view.node(owner, path)
      if (node === undefined) return undefined
      const sent = this.#isLie(peer) ? Uint8Array.of(...node, 0) : node
      return equalBytes(keccak256(sent), hash) ? sent : this.#blame(peer)
    })
  }

  async #open(peer: string, root: Uint8Array | undefined, signal: AbortSignal): Promise<StateView> {
    const { ways, clock, states, onRequest } = this.#options
    await nextTurn()
    if (ways.get(peer)?.isSilent === true) {
      await clock.sleep(DEADLINE_MS, signal)
      const failure = { code: 'request-deadline-passed', phase: 'first-byte' } as const
      throw new RequestError({ ...failure, peer, afterMs: DEADLINE_MS })
    }
    onRequest()
    const view = states.view(root ?? hexToBytes(states.newest.root))
    if (view !== undefined) return view
    throw new RequestError({ code: 'unavailable', peer, reason: 'not held' })
  }

  #range(
    peer: string,
    source: NodeSource,
    asked: AskedRange
  ): Omit<RangeAnswer, 'proof'> & {
    readonly nodes: readonly ProvenNode[]
    readonly hasMore: boolean
  } {
    const { random, itemsMax } = this.#options
    const answer = answerRange(source, { ...asked, itemsMax })
    const sent = this.#isLie(peer) ? bent(random, answer) : answer
    try {
      const keys = sent.entries.map(({ key }) => key)
      const values = sent.entries.map(({ value }) => value)
      const nodes: ProvenNode[] = []
      const onNode = (path: Uint8Array, encoded: Uint8Array) => void nodes.push({ path, encoded })
      const { hasMore } = verifyRange({ ...asked, keys, values, proof: sent.proof, onNode })
      const last = keys.at(-1)
      const isPast = last !== undefined && compareBytes(last, asked.limit) >= 0
      const entries = sent.entries.filter(({ key }) => compareBytes(key, asked.limit) <= 0)
      return { entries, nodes, hasMore: hasMore && !isPast }
    } catch (thrown) {
      if (!(thrown instanceof RangeProofError)) throw thrown
      return this.#blame(peer)
    }
  }

  #isLie(peer: string): boolean {
    const oneIn = this.#options.ways.get(peer)?.liesOneIn ?? 0
    return oneIn > 0 && this.#options.random.below(oneIn) === 0
  }

  #blame(peer: string): never {
    this.blamed.push(peer)
    throw new Error(`${peer} told a lie`)
  }
}

interface AskedRange {
  readonly root: Uint8Array
  readonly origin: Uint8Array
  readonly limit: Uint8Array
}

interface RangeAnswer {
  readonly entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
  readonly proof: readonly Uint8Array[]
}

function answerRange(
  source: NodeSource,
  { root, origin, limit, itemsMax }: AskedRange & { readonly itemsMax: number }
): RangeAnswer {
  const entries: { readonly key: Uint8Array; readonly value: Uint8Array }[] = []
  for (const { key, value } of iterateEntries(source, root, origin)) {
    entries.push({ key, value })
    if (entries.length >= itemsMax || compareBytes(key, limit) >= 0) break
  }
  return { entries, proof: proveRange(source, root, { origin, last: entries.at(-1)?.key }) }
}

/** One thing of an answer is not as it was. */
function bent(random: Random, { entries, proof }: RangeAnswer): RangeAnswer {
  const at = random.below(Math.max(1, entries.length))
  const entry = entries[at]
  if (entry === undefined || random.below(3) === 0) return { entries, proof: proof.slice(1) }
  if (random.below(2) === 0 && entries.length > 1) {
    return { entries: entries.toSpliced(entries.length > 2 ? 1 : 0, 1), proof }
  }
  const value = Uint8Array.from(entry.value)
  value[value.length - 1]! ^= 1
  return { entries: entries.with(at, { key: entry.key, value }), proof }
}
