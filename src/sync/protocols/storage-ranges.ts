// storage_ranges as this node speaks it: slots of accounts of one readable state, proved (protocols/storage-ranges).
import { type StateLeaf } from '../../../protocols/state-leaves.ts'
import {
  decodeStorageRanges,
  STORAGE_RANGES,
  type StorageRangesRequest
} from '../../../protocols/storage-ranges/codec.ts'
import { createYielder } from '../../base/yielder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { encodeSlotValue } from '../../state/slot-value.ts'
import { type ProvenSlots } from '../../state/proven-state.ts'
import { AnswerRoom, falseState, judged, proveLeaves, type StateChecks } from './state-checks.ts'
import { requireHeld, type StateSource } from './state-source.ts'

/** Slots that are proved. */
export interface ProvedSlots {
  /** Of the first accounts of the request, each ascending by slot hash, none above the limit. Views of the answer. */
  readonly storages: readonly ProvenSlots[]
  /** True where the last one of these has more, up to the limit. */
  readonly hasMore: boolean
}

/** What tells whether slots are those of their accounts. */
export interface SlotChecks extends StateChecks {
  /** Of each account of the request, as its proved body has it. */
  readonly storageRoots: readonly Uint8Array[]
}

/** The storage of several accounts, or a stretch of one. */
export const SERVED_STORAGE_RANGES: CheckedProtocol<
  StorageRangesRequest,
  Uint8Array,
  StateSource,
  SlotChecks,
  ProvedSlots
> = {
  def: STORAGE_RANGES,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  async *serve({ state }, asked, context) {
    yield requireHeld(await state.ranges.storageRanges(asked, await state.beginTurns(context)))
  },
  async *check({ peer, request }, chunks, checks) {
    const answered = { peer, protocol: STORAGE_RANGES.name }
    for await (const bytes of chunks) {
      const { slots, proof } = await judged(checks, answered, async () =>
        Promise.resolve(decodeStorageRanges(bytes))
      )
      if (slots.length === 0 || slots.length > request.accounts.length) {
        const reason = `slots of ${String(slots.length)} accounts`
        throw falseState(checks, { code: 'state-unrequested', ...answered, reason })
      }
      yield await judged(checks, answered, () => proveSlots(request, checks, { slots, proof }))
    }
  }
}

/** All but the last account's have to be whole storages, and so has the last one's where there is no proof. */
async function proveSlots(
  { origin, limit, maxBytes }: StorageRangesRequest,
  { storageRoots }: SlotChecks,
  answer: {
    readonly slots: readonly Iterable<StateLeaf>[]
    readonly proof: readonly Uint8Array[]
  }
): Promise<ProvedSlots> {
  const yielder = createYielder()
  const room = new AnswerRoom(maxBytes)
  const storages: ProvenSlots[] = []
  let hasMore = false
  for (const [at, leaves] of answer.slots.entries()) {
    const root = storageRoots[at]
    if (root === undefined) throw new Error('a storage root for each account that is asked for')
    const isLast = at === answer.slots.length - 1
    const claim = {
      ...{ root, origin, limit, leaves, toTrieValue: encodeSlotValue, room },
      proof: isLast ? answer.proof : []
    }
    const proved = await proveLeaves(claim, yielder)
    storages.push({ slots: proved.leaves, nodes: proved.nodes })
    hasMore = proved.hasMore
  }
  return { storages, hasMore }
}
