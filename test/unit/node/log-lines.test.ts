// Lines of the log by themselves: each new head, many at once while catching up, and a change of how the node stands.
import assert from 'node:assert/strict'
import { type Applier } from '../../../src/apply/applier.ts'
import { type LogFields, silentLog } from '../../../src/base/log.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import {
  CATCH_UP_LINE_MIN_MS,
  createHeadLines,
  HEAD_LINE_MIN_MS
} from '../../../src/report/head-lines.ts'
import { type NodeStanding } from '../../../src/node/node-standing.ts'
import { createStandingLines, STANDING_LOOK_MS } from '../../../src/node/standing-lines.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

type Line = readonly [level: string, event: string, fields: LogFields | undefined]

function recordedLog() {
  const lines: Line[] = []
  const say = (level: string) => (event: string, fields?: LogFields) =>
    void lines.push([level, event, fields])
  return { lines, log: { ...silentLog, info: say('info'), warn: say('warn') } }
}

/** An applier whose blocks take `tookMs` each. */
function createWorld(tookMs: number) {
  const clock = createManualClock()
  const { lines, log } = recordedLog()
  const stop = new AbortController()
  const listeners: ((block: Block) => void)[] = []
  const work = async (block: Block) => {
    await clock.sleep(tookMs)
    for (const listener of listeners) listener(block)
  }
  const applier: Pick<Applier, 'apply' | 'onHead'> = {
    apply: work,
    onHead: (listener) => void listeners.push((block) => listener(block, []))
  }
  const headLines = createHeadLines({ clock, log, times: createBlockTimes('op', 1_000) })
  const timed = headLines.timed(applier as Applier)
  const running = headLines.run(stop.signal)
  const apply = async (number: number, ageMs: number) => {
    const timestamp = BigInt(Math.floor((clock.nowMs() - ageMs) / 1_000))
    const header = { timestamp, gasUsed: 3_000_000n }
    const transactions = [Uint8Array.of(1), Uint8Array.of(2)]
    const hash: Hex = `0x${String(number)}`
    const block: Partial<Block> = {
      number: BigInt(number),
      hash,
      header: header as Block['header'],
      transactions
    }
    const applied = timed.apply(block as Block)
    await clock.advance(tookMs)
    await applied
    await settle()
  }
  return { clock, lines, stop, running, apply }
}

describe('a line of the log', () => {
  it('comes for each block, with number, hash, transactions, gas and time', async () => {
    const { clock, lines, stop, running, apply } = createWorld(20)
    for (const number of [1, 2]) {
      await apply(number, 0)
      const facts = { blocks: 1, txs: 2, mgas: 3, elapsedMs: 20, mgasPerSecond: 150 }
      const fields = { number: BigInt(number), hash: `0x${String(number)}`, ...facts }
      assert.deepEqual(lines.splice(0), [['info', 'head', { ...fields, ageSeconds: undefined }]])
      await clock.advance(1_000)
    }
    stop.abort()
    await running
    assert.equal(lines.length, 0)
  })

  it('is one for many blocks while older ones come, with their age, and the last one at a stop', async () => {
    const { clock, lines, stop, running, apply } = createWorld(100)
    await apply(1, 90_000)
    assert.equal(lines.splice(0).length, 1)
    for (const number of [2, 3, 4]) await apply(number, 90_000)
    assert.ok(3 * 100 < HEAD_LINE_MIN_MS)
    await clock.advance(HEAD_LINE_MIN_MS)
    assert.equal(lines.length, 0)
    await clock.advance(CATCH_UP_LINE_MIN_MS)
    const [[, , fields] = []] = lines.splice(0)
    const { blocks, txs, mgas, elapsedMs, ageSeconds } = fields ?? {}
    assert.deepEqual([blocks, txs, mgas, elapsedMs], [3, 6, 9, 300])
    assert.ok(Number(ageSeconds) >= 90)
    await apply(5, 90_000)
    assert.equal(lines.length, 0)
    stop.abort()
    await running
    assert.equal(lines[0]?.[2]?.number, 5n)
  })

  it('comes when the node stands otherwise, and not while it stands as it did', async () => {
    const clock = createManualClock()
    const { lines, log } = recordedLog()
    let now = { kind: 'recovering', says: 'ask' } as Pick<NodeStanding, 'kind' | 'says'>
    const rest = {
      ...{ headNumber: 7n, headAgeMs: 1_500, behindCount: 0n },
      ...{ named: ['a', 'b'], namedConnectedCount: 1 }
    }
    const standing = () => ({ ...rest, ...now })
    const stop = new AbortController()
    const running = createStandingLines({ clock, log, standing }).run(stop.signal)
    await clock.advance(5 * STANDING_LOOK_MS)
    now = { kind: 'ready', says: 'ready' }
    await clock.advance(5 * STANDING_LOOK_MS)
    now = { kind: 'lagging', says: 'behind-clock' }
    await clock.advance(5 * STANDING_LOOK_MS)
    stop.abort()
    await running
    const shown = lines.map(([level, event, fields]) => [level, event, fields?.state])
    assert.deepEqual(shown, [
      ['info', 'not-ready', 'ask'],
      ['info', 'ready', 'ready'],
      ['warn', 'not-ready', 'behind-clock']
    ])
    assert.deepEqual(lines[0]?.[2], {
      ...{ state: 'ask', head: 7n, headAgeSeconds: 1, behindBlocks: 0n },
      ...{ namedPeers: 2, namedPeersConnected: 1 }
    })
  })
})
