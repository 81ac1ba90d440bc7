// The checks over histories made by hand: each is green on a good one and red on every way to break it.
import assert from 'node:assert/strict'
import {
  checkAnnouncedKept,
  checkBuiltOnN,
  checkHeadsEqual,
  checkNoEquivocation,
  checkStateRoots
} from '../../../devnet/checks/checks.ts'
import { SignedBlocks } from '../../../devnet/cluster/signed-blocks.ts'
import { type CheckResult } from '../../../devnet/cluster/report.ts'
import { type RpcBlock } from '../../../devnet/cluster/rpc-client.ts'
import { type LostBlock } from '../../../devnet/scenarios/scenario.ts'
import { type Hex } from '../../../src/base/bytes.ts'

/** A hash that names its height and branch. */
function hash(number: number, branch = 'a'): Hex {
  return `0x${branch.repeat(60)}${String(number).padStart(4, '0')}`
}

function block(number: number, changes: Partial<RpcBlock> = {}): RpcBlock {
  return {
    number,
    hash: hash(number),
    parentHash: hash(number - 1),
    stateRoot: hash(number, 'e'),
    ...changes
  }
}

/** Blocks 0 to `head`, with some of them replaced. */
function chain(head: number, ...replaced: readonly RpcBlock[]): ReadonlyMap<number, RpcBlock> {
  const blocks = Array.from({ length: head + 1 }, (_, number) => block(number))
  return new Map([...blocks, ...replaced].map((one) => [one.number, one]))
}

function chainsOf(
  ...chains: readonly ReadonlyMap<number, RpcBlock>[]
): ReadonlyMap<string, ReadonlyMap<number, RpcBlock>> {
  const names = ['sequencer', 'backup-1', 'backup-2']
  return new Map(chains.map((one, at) => [names[at]!, one]))
}

function lostAt(number: number, facts: Partial<LostBlock> = {}): LostBlock {
  return { number, hash: hash(number), announced: true, recorded: false, ...facts }
}

/** Blocks 1 to 3, signed and heard. */
function goodHistory(): SignedBlocks {
  const signed = new SignedBlocks()
  for (const number of [1, 2, 3]) {
    signed.add({ number, hash: hash(number) }, 'signed', 'sequencer')
    signed.add(
      { number, hash: hash(number), parentHash: hash(number - 1) },
      'announced',
      'observer'
    )
  }
  return signed
}

function assertRed(result: CheckResult, pattern: RegExp): void {
  assert.equal(result.ok, false)
  assert.match(result.detail, pattern)
}

describe('no-equivocation', () => {
  it('holds with one block at each height, seen any number of times', () => {
    const signed = goodHistory()
    signed.add({ number: 2, hash: hash(2) }, 'announced', 'backup-1')
    assert.equal(checkNoEquivocation(signed, undefined).ok, true)
  })
  it('breaks when nothing was seen: then nothing was checked', () => {
    assertRed(checkNoEquivocation(new SignedBlocks(), undefined), /no signed block/)
  })
  it('breaks on two announced blocks at one height, and names who showed them', () => {
    const signed = goodHistory()
    signed.add({ number: 2, hash: hash(2, 'b') }, 'announced', 'backup-1')
    const result = checkNoEquivocation(signed, lostAt(2, { announced: false }))
    assertRed(result, /invariant 1 broke: our key signed 2 blocks at height 2.*backup-1/)
  })

  it('counts a height apart, and names it, at which two sequencers signed one block each', () => {
    const signed = goodHistory()
    signed.add({ number: 3, hash: hash(3, 'b') }, 'signed', 'second')
    signed.add({ number: 3, hash: hash(3, 'b') }, 'announced', 'backup-1')
    const { ok, detail } = checkNoEquivocation(signed, undefined)
    assert.equal(ok, true)
    assert.match(detail, /apart: 1 heights.* at 3 sequencer signed 0xa.* and second signed 0xb/)
  })
  for (const [title, add] of [
    [
      'one of two sequencers signed two blocks there',
      (signed: SignedBlocks) => {
        signed.add({ number: 3, hash: hash(3, 'b') }, 'signed', 'second')
        signed.add({ number: 3, hash: hash(3, 'c') }, 'signed', 'second')
      }
    ],
    [
      'one of two blocks was signed by nobody who was seen',
      (signed: SignedBlocks) => {
        signed.add({ number: 3, hash: hash(3, 'b') }, 'announced', 'backup-1')
      }
    ],
    [
      'the same sequencer signed one of its own twice beside them',
      (signed: SignedBlocks) => {
        signed.add({ number: 3, hash: hash(3, 'b') }, 'signed', 'second')
        signed.add({ number: 2, hash: hash(2, 'b') }, 'signed', 'sequencer')
      }
    ]
  ] as const) {
    it(`breaks when ${title}`, () => {
      const signed = goodHistory()
      add(signed)
      assertRed(checkNoEquivocation(signed, undefined), /invariant 1 broke/)
    })
  }

  const again = { number: 4, hash: hash(4, 'b') }
  for (const [title, lost, ok] of [
    ['that was lost with its signer alone', lostAt(4, { announced: false }), true],
    ['that somebody else had', lostAt(4), false],
    ['that was on record', lostAt(4, { announced: false, recorded: true }), false],
    ['that no scenario lost', undefined, false],
    ['of another height than the lost one', lostAt(3, { announced: false }), false]
  ] as const) {
    it(`${ok ? 'holds' : 'breaks'} when a block is signed anew ${title}`, () => {
      const signed = goodHistory()
      signed.add({ number: 4, hash: hash(4) }, 'signed', 'sequencer')
      signed.add(again, 'signed', 'sequencer')
      signed.add(again, 'announced', 'observer')
      const result = checkNoEquivocation(signed, lost)
      assert.equal(result.ok, ok)
      if (!ok) assertRed(result, /invariant 1 broke.*height 4/)
    })
  }
})

describe('announced-kept', () => {
  const announced = goodHistory().announced()

  it('holds when every node has every announced block', () => {
    const result = checkAnnouncedKept(announced, chainsOf(chain(5), chain(4)), undefined)
    assert.equal(result.ok, true)
  })
  for (const [title, chains, lost] of [
    [
      'one node replaced one',
      chainsOf(chain(5), chain(5, block(2, { hash: hash(2, 'b') }))),
      undefined
    ],
    ['one node ends below one', chainsOf(chain(5), chain(2)), undefined],
    ['the lost block, accepted by a backup, is gone', chainsOf(chain(3), chain(3)), lostAt(4)],
    [
      'the lost block, on record, is gone',
      chainsOf(chain(5, block(4, { hash: hash(4, 'b') }))),
      lostAt(4, { announced: false, recorded: true })
    ]
  ] as const) {
    it(`breaks when ${title}`, () => {
      assertRed(checkAnnouncedKept(announced, chains, lost), /invariant 2 broke: block \d/)
    })
  }
  it('lets a block go that only its dead signer had', () => {
    const lost = lostAt(4, { announced: false })
    assert.equal(checkAnnouncedKept(announced, chainsOf(chain(3)), lost).ok, true)
  })
  it('counts apart what an operator gave up by name, and breaks when a node has it', () => {
    const given = chainsOf(chain(5), chain(5, block(2, { hash: hash(2, 'b') })))
    const replaced = chainsOf(chain(5, block(2, { hash: hash(2, 'b') })))
    const { ok, detail } = checkAnnouncedKept(announced, replaced, undefined, [hash(2)])
    assert.equal(ok, true)
    assert.match(detail, /2 announced blocks .*apart: 1 that an operator gave up/)
    const back = checkAnnouncedKept(announced, given, undefined, [hash(2)])
    assertRed(back, /invariant 2 broke: block 2 .* was given up, sequencer has it/)
  })
  it('breaks when nothing was announced: then nothing was checked', () => {
    assertRed(checkAnnouncedKept([], chainsOf(chain(3)), undefined), /no announced block/)
  })
})

describe('built-on-n', () => {
  it('holds when every node has the lost block and its child', () => {
    const result = checkBuiltOnN(lostAt(3), chainsOf(chain(5), chain(4)))
    assert.equal(result.ok, true)
    assert.match(result.detail, /block 3 as announced/)
  })
  it('holds on a new block where nobody had the lost one', () => {
    const anew = chain(4, block(3, { hash: hash(3, 'b') }), block(4, { parentHash: hash(3, 'b') }))
    const result = checkBuiltOnN(lostAt(3, { announced: false }), chainsOf(anew, anew))
    assert.equal(result.ok, true)
    assert.match(result.detail, /anew/)
  })
  it('holds where no block was lost', () => {
    assert.equal(checkBuiltOnN(undefined, chainsOf(chain(3))).ok, true)
  })
  for (const [title, broken, pattern] of [
    ['another block stands there', chain(5, block(3, { hash: hash(3, 'b') })), /invariant 2 broke/],
    [
      'the child builds on another',
      chain(5, block(4, { parentHash: hash(3, 'b') })),
      /invariant 5/
    ],
    ['there is no child', chain(3), /invariant 5 broke: backup-1 at height 3/],
    ['the block is missing', chain(2), /invariant 5 broke/]
  ] as const) {
    it(`breaks when ${title} on one node`, () => {
      assertRed(checkBuiltOnN(lostAt(3), chainsOf(chain(5), broken)), pattern)
    })
  }
})

describe('heads-equal', () => {
  it('holds when all nodes have the same blocks', () => {
    assert.equal(checkHeadsEqual(chainsOf(chain(4), chain(4), chain(4))).ok, true)
  })
  for (const [title, chains, pattern] of [
    ['one is behind', chainsOf(chain(4), chain(3)), /invariant 5 broke: heads differ.*backup-1 3/],
    [
      'heads differ by hash',
      chainsOf(chain(4), chain(4, block(4, { hash: hash(4, 'b') }))),
      /height 4/
    ],
    [
      'a block below differs between the last two',
      chainsOf(chain(4), chain(4), chain(4, block(2, { hash: hash(2, 'b') }))),
      /invariant 5 broke: height 2.*backup-2/
    ],
    ['only one node answered', chainsOf(chain(4)), /fewer than two/],
    ['nobody answered', chainsOf(), /fewer than two/]
  ] as const) {
    it(`breaks when ${title}`, () => {
      assertRed(checkHeadsEqual(chains), pattern)
    })
  }
})

describe('state-root', () => {
  const balances = new Map([
    ['sequencer', '5 3'],
    ['backup-1', '5 3']
  ])

  it('holds with the same roots and balances everywhere', () => {
    assert.equal(checkStateRoots(chainsOf(chain(4), chain(3)), balances).ok, true)
  })
  for (const [title, chains, sums, pattern] of [
    [
      'one node has another root',
      chainsOf(chain(4), chain(4, block(2, { stateRoot: hash(2, 'f') }))),
      balances,
      /invariant 4 broke: height 2/
    ],
    [
      'two nodes differ where the first has nothing',
      chainsOf(chain(1), chain(4), chain(4, block(3, { stateRoot: hash(3, 'f') }))),
      new Map([...balances, ['backup-2', '5 3']]),
      /invariant 4 broke: height 3/
    ],
    [
      'one node has other balances',
      chainsOf(chain(4), chain(4)),
      new Map([...balances, ['backup-1', '5 4']]),
      /invariant 4 broke: token balances/
    ],
    ['one node gave no balances', chainsOf(chain(4), chain(4), chain(4)), balances, /invariant 4/],
    ['nobody answered', chainsOf(), new Map(), /no node answered/]
  ] as const) {
    it(`breaks when ${title}`, () => {
      assertRed(checkStateRoots(chains, sums), pattern)
    })
  }
})
