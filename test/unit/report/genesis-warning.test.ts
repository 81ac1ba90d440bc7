// What a start says of a genesis time far from the clock, and when it says nothing.
import assert from 'node:assert/strict'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { warnOfGenesisTime } from '../../../src/report/genesis-warning.ts'
import { genesisWith } from '../cli/command-fixture.ts'

const NOW_S = 1_800_000_000

function warned(
  timestamp: number,
  role: 'sequencer' | 'backup',
  head = 0n
): readonly (readonly [event: string, fields: unknown])[] {
  const said: (readonly [string, unknown])[] = []
  const genesis = parseGenesis(genesisWith({ top: { timestamp } }))
  const log = { warn: (event: string, fields?: unknown) => void said.push([event, fields]) }
  const clock = { nowMs: () => NOW_S * 1000 }
  warnOfGenesisTime({ config: { role }, genesis, blockTimeMs: 2000 }, head, { clock, log })
  return said
}

const factsOf = (said: ReturnType<typeof warned>) =>
  said.map(([event, fields]) => {
    const { meaning, ...facts } = fields as { readonly meaning: string }
    assert.match(meaning, /write .*genesis file/i)
    return [event, facts]
  })

describe('a start at the genesis block', () => {
  it('says how many empty blocks an old genesis costs a sequencer', () => {
    assert.deepEqual(factsOf(warned(NOW_S - 7200, 'sequencer')), [
      ['genesis-old', { at: '2027-01-15T06:00:00.000Z', emptyBlocks: 3600 }]
    ])
  })
  it('says how long everybody waits for one ahead', () => {
    for (const role of ['sequencer', 'backup'] as const) {
      assert.deepEqual(factsOf(warned(NOW_S + 61, role)), [
        ['genesis-ahead', { at: '2027-01-15T08:01:01.000Z', waitSeconds: 61 }]
      ])
    }
  })
  for (const [what, said] of [
    ['to a backup of an old chain', warned(NOW_S - 7200, 'backup')],
    ['once there is a block', warned(NOW_S - 7200, 'sequencer', 1n)],
    ['an hour after genesis', warned(NOW_S - 3600, 'sequencer')],
    ['a minute before it', warned(NOW_S + 60, 'sequencer')]
  ] as const) {
    it(`says nothing ${what}`, () => {
      assert.deepEqual(said, [])
    })
  }
})
