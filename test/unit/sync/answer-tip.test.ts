// signed_tip's answers: precedence conflict, ahead, same, behind; silence where nothing can be said.
import assert from 'node:assert/strict'
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts'
import { type BlockRef, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { answerTip, type HeldBlocks } from '../../../src/sync/protocols/answer-tip.ts'
import { createHeldBlocks } from '../../../src/node/own-status.ts'
import { readVectors } from '../../support/protocol-vectors.ts'
import { signChild, testGenesisBlock } from '../../support/signed-chain.ts'
import { createWatchedStore, openTestChain } from '../chain/chain-fixture.ts'
import { ref } from '../recovery/findings-fixture.ts'

const GENESIS = ref(0)

function held(blocks: readonly BlockRef[], change: Partial<HeldBlocks> = {}): HeldBlocks {
  return {
    genesisHash: GENESIS.hash,
    isJoining: () => false,
    hasLost: () => false,
    highest: () => blocks.at(-1),
    at: (number) => blocks.filter((block) => block.number === number),
    message: (hash) => ({ version: 3, message: hexToBytes(hash) }),
    ...change
  }
}

const CHAIN = [ref(1), ref(2), ref(3)]

interface Decision {
  readonly name: string
  readonly held: readonly string[]
  readonly canonical: readonly string[]
  readonly setAside?: readonly string[]
  readonly isJoining?: boolean
  readonly hasLost?: boolean
  readonly asked: string
  readonly relation: string | null
  readonly block: string | null
}

describe('the table of signed_tip', () => {
  const { rows } = (readVectors('signed-tip') as { decisions: { rows: readonly Decision[] } })
    .decisions
  /** "12b": the block of height 12 whose hash is b's. */
  const named = (name: string): BlockRef => {
    const [, number = '', letter = ''] = /^(\d+)([a-z])$/.exec(name) ?? []
    return ref(Number(number), letter)
  }

  for (const { name, asked, relation, block, ...row } of rows) {
    it(`${name}: ${relation ?? 'result 1'}`, async () => {
      const { canonical, setAside = [], isJoining = false, hasLost = false } = row
      const store = await openHeld({
        held: row.held.map(named),
        canonical: canonical.map(named),
        setAside: setAside.map(named)
      })
      const blocks = {
        ...held([]),
        ...store,
        isJoining: () => isJoining,
        hasLost: () => hasLost
      }
      const { number, hash } = named(asked)
      const reply = answerTip(blocks, { number, hash: hexToBytes(hash) })
      assert.equal(reply.relation, relation ?? 'unavailable')
      const shown = 'message' in reply ? bytesToHex(reply.message) : null
      assert.equal(shown, block === null ? null : named(block).hash)
    })
  }

  it('has each relation, and result 1', () => {
    const relations = new Set(rows.map(({ relation }) => relation))
    assert.deepEqual(relations, new Set(['same', 'behind', 'ahead', 'conflict', null]))
  })
})

/** A signed block under a name in place of its height and hash: nothing here verifies it. */
function signedRef({ number, hash }: BlockRef): SignedBlock {
  const block = signChild(testGenesisBlock())
  return { ...block, number, hash }
}

/** What the node shows, over an accepted store that the blocks came to in their order. */
async function openHeld({
  held: blocks,
  canonical,
  setAside
}: Readonly<Record<'held' | 'canonical' | 'setAside', readonly BlockRef[]>>) {
  const { accepted } = await openTestChain(createWatchedStore())
  await accepted.accept(blocks.map(signedRef))
  const marked = setAside.map(({ hash }) => hash)
  if (marked.length > 0) await accepted.setAside(marked, 'chosen-against')
  const hashAt = (number: bigint) => canonical.find((one) => one.number === number)?.hash
  const stores = {
    accepted,
    blocks: { canonicalHash: hashAt },
    genesis: GENESIS,
    state: { diskPoint: () => undefined }
  }
  const shown = createHeldBlocks({ stores }, () => false)
  return { highest: () => shown.highest(), at: (number: bigint) => shown.at(number) }
}

describe('answerTip', () => {
  const rows: readonly {
    readonly when: string
    readonly held: HeldBlocks
    readonly asked: BlockRef
    readonly relation: string
    readonly shows?: BlockRef
  }[] = [
    { when: 'our head is theirs', held: held(CHAIN), asked: ref(3), relation: 'same' },
    { when: 'we hold more', held: held(CHAIN), asked: ref(2), relation: 'ahead', shows: ref(3) },
    { when: 'we hold less', held: held(CHAIN), asked: ref(5), relation: 'behind', shows: ref(3) },
    {
      when: 'we hold another block at their height',
      held: held(CHAIN),
      asked: ref(3, 'b'),
      relation: 'conflict',
      shows: ref(3)
    },
    {
      when: 'conflict goes before ahead',
      held: held(CHAIN),
      asked: ref(2, 'b'),
      relation: 'conflict',
      shows: ref(2)
    },
    {
      when: 'we hold theirs and another beside it',
      held: held([...CHAIN.slice(0, 2), ref(3), ref(3, 'b')]),
      asked: ref(3),
      relation: 'conflict',
      shows: ref(3, 'b')
    },
    { when: 'both are at genesis', held: held([]), asked: GENESIS, relation: 'same' },
    {
      when: 'they are at genesis and we are not',
      held: held(CHAIN),
      asked: GENESIS,
      relation: 'ahead',
      shows: ref(3)
    },
    { when: 'we hold nothing and they do', held: held([]), asked: ref(3), relation: 'unavailable' },
    {
      when: 'their genesis is another one',
      held: held([]),
      asked: ref(0, 'b'),
      relation: 'unavailable'
    },
    {
      when: 'our store is being filled',
      held: held(CHAIN, { isJoining: () => true }),
      asked: ref(3),
      relation: 'unavailable'
    },
    {
      when: 'we lost blocks that we held',
      held: held(CHAIN, { hasLost: () => true }),
      asked: ref(3),
      relation: 'unavailable'
    },
    {
      when: 'we lost blocks and hold less',
      held: held(CHAIN, { hasLost: () => true }),
      asked: ref(5),
      relation: 'unavailable'
    },
    {
      when: 'we lost all blocks and both are at genesis',
      held: held([], { hasLost: () => true }),
      asked: GENESIS,
      relation: 'unavailable'
    },
    {
      when: 'we lost blocks and hold more all the same',
      held: held(CHAIN, { hasLost: () => true }),
      asked: ref(2),
      relation: 'ahead',
      shows: ref(3)
    },
    {
      when: 'we lost blocks and hold another one at their height',
      held: held(CHAIN, { hasLost: () => true }),
      asked: ref(3, 'b'),
      relation: 'conflict',
      shows: ref(3)
    },
    {
      when: 'we know the block and have no message of it',
      held: held(CHAIN, { message: () => undefined }),
      asked: ref(2),
      relation: 'unavailable'
    }
  ]
  for (const { when, held: store, asked, relation, shows } of rows) {
    it(`${when}: ${relation}`, () => {
      const reply = answerTip(store, { number: asked.number, hash: hexToBytes(asked.hash) })
      assert.equal(reply.relation, relation)
      const message = 'message' in reply ? reply.message : undefined
      assert.deepEqual(message, shows && hexToBytes(shows.hash))
    })
  }
})
