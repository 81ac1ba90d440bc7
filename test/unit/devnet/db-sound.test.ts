// The check of what nodes left, over facts made by hand: green on whole ones, red on every kind of damage.
import assert from 'node:assert/strict'
import { checkDbSound } from '../../../devnet/checks/db-sound.ts'
import { type StoredBlock } from '../../../devnet/checks/stored-chain.ts'
import { type StoredNode } from '../../../devnet/checks/stored-node.ts'
import { type StoredJournal } from '../../../devnet/checks/stored-journal.ts'
import { type RecordedHeight, type StoredRecord } from '../../../devnet/cluster/stored-record.ts'
import { type StoredState } from '../../../devnet/checks/stored-state.ts'
import { type Hex } from '../../../src/base/bytes.ts'

const EXPECTED = { genesisHash: hash(0), signer: '0x51' } as const
const HEAD = 3

function hash(number: number, branch = 'a'): Hex {
  return `0x${branch.repeat(60)}${String(number).padStart(4, '0')}`
}

function block(number: number, changes: Partial<StoredBlock> = {}): StoredBlock {
  return {
    number,
    hash: hash(number),
    headerHash: hash(number),
    headerNumber: number,
    parentHash: hash(number - 1),
    stateRoot: hash(number, 'e'),
    message: number === 0 ? 'none' : { proves: hash(number) },
    ...changes
  }
}

function withBlocks(...replaced: readonly StoredBlock[]): StoredNode {
  const blocks = Array.from(
    { length: HEAD + 1 },
    (_, number) => replaced.find((one) => one.number === number) ?? block(number)
  )
  return node({ chain: { read: { head: { number: HEAD, hash: hash(HEAD) }, blocks } } })
}

function node(changes: Partial<StoredNode> = {}): StoredNode {
  const blocks = Array.from({ length: HEAD + 1 }, (_, number) => block(number))
  return {
    name: 'backup-1',
    wasStopped: true,
    chain: { read: { head: { number: HEAD, hash: hash(HEAD) }, blocks } },
    state: { read: state() },
    journal: { read: undefined },
    record: { read: record() },
    ...changes
  }
}

function state(changes: Partial<StoredState> = {}): StoredState {
  const root = hash(HEAD, 'e')
  return { number: HEAD, hash: hash(HEAD), root, accountsCount: 4, fault: undefined, ...changes }
}

/** A clean stop with the database one block behind the head and a journal for the rest. */
function older(changes?: Partial<StoredJournal>): Partial<StoredNode> {
  const tip = { ...at(HEAD), root: hash(HEAD, 'e') }
  const journal = { diskHash: hash(2), tip, fault: undefined, ...changes }
  return {
    state: { read: state({ ...at(2), root: hash(2, 'e') }) },
    journal: { read: changes === undefined ? undefined : journal }
  }
}

function height(
  number: number,
  kind: RecordedHeight['kind'] = 'signed',
  branch = 'a'
): RecordedHeight {
  return { kind, number, hash: hash(number, branch) }
}

function record(changes: Partial<StoredRecord> = {}): StoredRecord {
  const heights = [height(0, 'adopted'), height(1), height(2), height(3)]
  return { ...EXPECTED, heights, end: 'whole', ...changes }
}

describe('the check of what nodes left', () => {
  for (const [title, nodes] of [
    ['all is whole', [node(), node({ name: 'sequencer' })]],
    ['there is no record', [node({ record: undefined })]],
    ['a clean stop left the newest state in its journal', [node(older({}))]],
    [
      'a killed node lost its newest state',
      [node({ wasStopped: false, state: { read: state({ ...at(1), root: hash(1, 'e') }) } })]
    ],
    [
      'a killed node left half an entry',
      [node({ wasStopped: false, record: { read: record({ end: 'torn' }) } })]
    ],
    [
      'the head was adopted again',
      [node({ record: { read: record({ heights: [height(3), height(3, 'adopted')] }) } })]
    ],
    [
      'an operator released a height that was signed anew',
      [
        node({
          record: {
            read: record({ heights: [height(2, 'signed', 'b'), height(1, 'released'), height(2)] })
          }
        })
      ]
    ],
    [
      'the record is ahead of the chain',
      [node({ record: { read: record({ heights: [height(3), height(4, 'signed', 'b')] }) } })]
    ]
  ] as const) {
    it(`holds when ${title}`, () => {
      const result = checkDbSound(nodes, EXPECTED)
      assert.equal(result.ok, true, result.detail)
    })
  }

  for (const [title, broken, pattern] of [
    ['the chain cannot be read', node({ chain: { fault: 'entry-damaged' } }), /7 broke.*entry-dam/],
    ['there is no block', node({ chain: { read: { head: at(0), blocks: [] } } }), /7 broke: there/],
    ['it is another chain', withBlocks(block(0, { hash: hash(0, 'b') })), /7 broke: genesis is/],
    [
      'the head is above the chain',
      node({ chain: { read: { head: at(3), blocks: [block(0), block(1)] } } }),
      /7 broke: the head 3 .* is not the end of the chain, 1 is/
    ],
    ['a header is another', withBlocks(block(2, { headerHash: hash(2, 'b') })), /4 broke: block 2/],
    ['a header is of another height', withBlocks(block(2, { headerNumber: 9 })), /of height 9/],
    [
      'a parent link is broken',
      withBlocks(block(2, { parentHash: hash(1, 'b') })),
      /4 broke: block 2/
    ],
    ['a message is missing', withBlocks(block(2, { message: 'none' })), /has no signed message/],
    [
      'a signature is false',
      withBlocks(block(2, { message: { fault: 'x' } })),
      /proves nothing: x/
    ],
    [
      'a message is of another block',
      withBlocks(block(3, { message: { proves: hash(3, 'b') } })),
      /4 broke: block 3 .* its message is of/
    ],
    [
      'the state cannot be read',
      node({ state: { fault: 'locked' } }),
      /4 broke: its state.*locked/
    ],
    ['there is no state', node({ state: { read: undefined } }), /4 broke: there is no state/],
    ['the state is damaged', node({ state: { read: state({ fault: 'node' }) } }), /damaged: node/],
    [
      'the state is of no canonical block',
      node({ state: { read: state({ hash: hash(3, 'b') }) } }),
      /4 broke: .* of no canonical block/
    ],
    ['the state is of another height', node({ state: { read: state({ number: 2 }) } }), /4 broke/],
    [
      'the root is not the header',
      node({ state: { read: state({ root: hash(9) }) } }),
      /4 broke.*root/
    ],
    [
      'a clean stop left an older state and no journal',
      node(older()),
      /4 broke: a clean stop at block 3 left the state of 2, no journal/
    ],
    [
      'the journal cannot be read',
      node({ journal: { fault: 'EACCES' } }),
      /4 broke: its journal.*EACCES/
    ],
    [
      'a clean stop left a damaged journal',
      node(older({ fault: 'cut at byte 80' })),
      /damaged journal: cut/
    ],
    [
      'a clean stop left a journal on another state',
      node(older({ diskHash: hash(1) })),
      /left a journal of/
    ],
    [
      'a clean stop left a journal that ends before the head',
      node(older({ tip: undefined })),
      /a journal up to undefined/
    ],
    [
      'a clean stop left a journal with another root',
      node(older({ tip: { ...at(3), root: hash(9) } })),
      /a journal up to 3/
    ],
    ['the record cannot be read', node({ record: { fault: 'ENOENT' } }), /1 broke.*ENOENT/],
    ['the record is damaged', node({ record: { read: record({ end: 'damaged' }) } }), /1 broke/],
    [
      'a clean stop tore the record',
      node({ record: { read: record({ end: 'torn' }) } }),
      /1 broke/
    ],
    [
      'the record is of another key',
      node({ record: { read: record({ signer: '0x52' }) } }),
      /0x52/
    ],
    [
      'the record is of another chain',
      node({ record: { read: record({ genesisHash: hash(9) }) } }),
      /1 b/
    ],
    [
      'a height was signed twice',
      node({ record: { read: record({ heights: [height(2), height(2, 'signed', 'b')] }) } }),
      /1 broke: its record has height 2 .* after 2/
    ],
    [
      'heights go back',
      node({ record: { read: record({ heights: [height(2), height(1)] }) } }),
      /1 broke: its record has height 1/
    ],
    [
      'a signed block is not canonical',
      node({ record: { read: record({ heights: [height(1), height(2, 'signed', 'b')] }) } }),
      /2 broke: its record has .* at height 2/
    ]
  ] as const) {
    it(`breaks when ${title}`, () => {
      const result = checkDbSound([node({ name: 'sequencer' }), broken], EXPECTED)
      assert.equal(result.ok, false)
      assert.match(result.detail, /^backup-1: invariant \d broke/)
      assert.match(result.detail, pattern)
    })
  }
  it('breaks when nothing was looked at', () => {
    assert.equal(checkDbSound([], EXPECTED).ok, false)
  })
})

function at(number: number): { readonly number: number; readonly hash: Hex } {
  return { number, hash: hash(number) }
}
