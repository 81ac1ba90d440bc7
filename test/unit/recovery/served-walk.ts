// What a walk back over parent hashes needs, out of the blocks that scripted peers serve.
import { type Hex } from '../../../src/base/bytes.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { type RecoveryChain } from '../../../src/recovery/knowledge/ports.ts'
import { type FillGapDeps } from '../../../src/sync/fetching/fill-gap.ts'

/** Peers are asked in the order of the map; `fetched` hears of each block that one of them served. */
export function servedWalk({
  accepted,
  chain,
  served,
  fetched
}: {
  readonly accepted: ReadonlyMap<Hex, SignedBlock>
  readonly chain: Pick<RecoveryChain, 'accepted'>
  readonly served: ReadonlyMap<string, readonly SignedBlock[]>
  readonly fetched: Hex[]
}): FillGapDeps {
  return {
    accepted: {
      ...chain.accepted,
      isHeldAt: (number) => [...accepted.values()].some((block) => block.number === number)
    },
    fetcher: {
      async range({ first, last }, take) {
        let error: unknown = new Error('no connected peer serves it')
        for (const [peer, blocks] of served) {
          const found = blocks.filter(({ number }) => number >= first && number <= last)
          for (const { hash } of found) fetched.push(hash)
          if (found.length > 0) await take({ peer, blocks: found, bytes: 1 })
          if (found.length === Number(last - first) + 1) return { kind: 'done', peer }
          error = new Error('unavailable')
        }
        return { kind: 'unserved', error }
      },
      async block({ hash }, take) {
        for (const [peer, blocks] of served) {
          const found = blocks.filter((block) => block.hash === hash)
          if (found.length === 0) continue
          fetched.push(hash)
          await take({ peer, blocks: found, bytes: 1 })
          return { kind: 'done', peer }
        }
        return { kind: 'unserved', error: new Error('unavailable') }
      },
      idle: () => Promise.resolve()
    }
  }
}
