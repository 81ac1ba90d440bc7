// What a peer that lies about states serves in place of its own: one kind of lie, told in every answer that has room for it.
import { decodeAccountRange, encodeAccountRange } from '../../protocols/account-range/codec.ts'
import { type StateLeaf } from '../../protocols/state-leaves.ts'
import { decodeStorageRanges, encodeStorageRanges } from '../../protocols/storage-ranges/codec.ts'
import { decodeAccount, encodeSlimAccount } from '../../src/state/account-codec.ts'
import { type ServedSources } from '../../src/sync/protocols/served-protocols.ts'
import { type StateLie } from './messages.ts'

/** One answer about leaves, of accounts or of the last storage that it has. */
interface Proved {
  readonly leaves: readonly StateLeaf[]
  readonly proof: readonly Uint8Array[]
}

/** The sources of a node that tells this lie. */
export function lyingSources(lie: StateLie): (real: ServedSources) => ServedSources {
  return (real) => ({
    ...real,
    state: { ...real.state, ranges: lyingRanges(real.state.ranges, lie) },
    blocks: lie === 'false-diffs' ? withFalseDiffs(real.blocks) : real.blocks
  })
}

function lyingRanges(
  real: ServedSources['state']['ranges'],
  lie: StateLie
): ServedSources['state']['ranges'] {
  return {
    async accountRange(asked, turns) {
      const bytes = await real.accountRange(asked, turns)
      if (bytes === undefined) return undefined
      const { accounts, proof } = decodeAccountRange(bytes)
      const bent = bend(lie, { leaves: [...accounts], proof }, withOneWeiMore)
      return encodeAccountRange({ accounts: bent.leaves, proof: bent.proof })
    },
    async storageRanges(asked, turns) {
      const bytes = await real.storageRanges(asked, turns)
      if (bytes === undefined) return undefined
      const { slots, proof } = decodeStorageRanges(bytes)
      const storages = slots.map((leaves) => [...leaves])
      const last = storages.pop() ?? []
      const bent = bend(lie, { leaves: last, proof }, withLastByteChanged)
      return encodeStorageRanges({ slots: [...storages, bent.leaves], proof: bent.proof })
    },
    async byteCodes(asked, turns) {
      const codes = await real.byteCodes(asked, turns)
      return lie === 'wrong-codes' ? codes.map(withLastByteChanged) : codes
    },
    async trieNodes(asked, turns) {
      const nodes = await real.trieNodes(asked, turns)
      return lie === 'false-leaves' ? nodes?.map(withLastByteChanged) : nodes
    }
  }
}

/** `change` makes another value of a leaf's. */
function bend(
  lie: StateLie,
  { leaves, proof }: Proved,
  change: (value: Uint8Array) => Uint8Array
): Proved {
  switch (lie) {
    case 'false-leaves':
      return { leaves: changeAt(leaves, leaves.length >> 1, change), proof }
    case 'false-proofs':
      return {
        leaves,
        proof: proof.map((node, at) => (at === 0 ? withLastByteChanged(node) : node))
      }
    case 'omitted-leaves':
      return { leaves: leaves.filter((_, at) => at !== leaves.length >> 1), proof }
    case 'truncated-ranges':
      // As if the rest of the range were not there: the proof is that of the whole.
      return { leaves: leaves.slice(0, Math.ceil(leaves.length / 2)), proof }
    default:
      return { leaves, proof }
  }
}

/** A leaf that is as well formed as the true one: an account with one wei more, a slot with another value. */
function changeAt(
  leaves: readonly StateLeaf[],
  place: number,
  change: (value: Uint8Array) => Uint8Array
): readonly StateLeaf[] {
  return leaves.map(({ hash, value }, at) =>
    at === place ? { hash, value: change(value) } : { hash, value }
  )
}

function withOneWeiMore(body: Uint8Array): Uint8Array {
  const account = decodeAccount(body)
  return encodeSlimAccount({ ...account, balance: account.balance + 1n })
}

function withFalseDiffs(real: ServedSources['blocks']): ServedSources['blocks'] {
  const diffByNumber = (number: bigint) => {
    const diff = real.diffByNumber(number)
    return diff && withLastByteChanged(diff)
  }
  return new Proxy(real, {
    get: (target, name) => {
      if (name === 'diffByNumber') return diffByNumber
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
}

function withLastByteChanged(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes)
  if (changed.length > 0) changed[changed.length - 1]! ^= 1
  return changed
}
