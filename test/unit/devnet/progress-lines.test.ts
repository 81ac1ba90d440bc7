// Lines for people: one for each moment that matters, in colour only where that was asked for.
import assert from 'node:assert/strict'
import { ProgressLines } from '../../../devnet/command/progress-lines.ts'
import { type TimelineEntry } from '../../../devnet/cluster/report.ts'

const N = { number: 7, hash: `0x${'a1'.repeat(32)}` }
const CHILD = { number: 8, hash: `0x${'b2'.repeat(32)}`, parentHash: N.hash }

function entry(node: string, event: string, facts: Record<string, unknown> = {}): TimelineEntry {
  return { atMs: 1_250, node, event, ...facts }
}

function linesOf(...entries: readonly TimelineEntry[]): readonly string[] {
  const lines = new ProgressLines({ hasColor: false })
  return entries.map((one) => lines.line(one)).filter((line) => line !== undefined)
}

describe('progress lines', () => {
  for (const [title, one, text] of [
    ['a start', entry('backup-1', 'started'), '    1.3s  backup-1   started'],
    ['a kill', entry('backup-1', 'killed'), '    1.3s  backup-1   killed (SIGKILL)'],
    [
      'an open gate',
      entry('sequencer', 'gate', { open: true, reason: '' }),
      '    1.3s  sequencer  gate open'
    ],
    [
      'a shut gate',
      entry('sequencer', 'gate', { open: false, reason: 'foreign-block' }),
      '    1.3s  sequencer  gate shut: foreign-block'
    ],
    [
      'a block',
      entry('observer', 'heard', CHILD),
      '    1.3s  block 8 0xb2b2b2…b2b2 on 7 0xa1a1a1…a1a1'
    ],
    [
      'a held block',
      entry('sequencer', 'held', { step: 'published', block: N }),
      '    1.3s  sequencer  held: block 7 0xa1a1a1…a1a1 is published'
    ],
    [
      'a recovery',
      entry('sequencer', 'recovered', {
        recovery: { sources: ['peers', 'diffs'], elapsedMs: 6_540 }
      }),
      '    1.3s  sequencer  recovered in 6.5 s: from peers, diffs'
    ],
    [
      'a stage',
      entry('sequencer', 'stage', { stage: 'rebuild-state', items: 17 }),
      '    1.3s  sequencer  recovery: rebuild-state: 17'
    ],
    [
      'a clock that is set',
      entry('sequencer', 'clock-set', { offsetMs: -10_000 }),
      '    1.3s  sequencer  clock set 10 s back'
    ],
    [
      'a clock that is set right',
      entry('sequencer', 'clock-set', { offsetMs: 0 }),
      '    1.3s  sequencer  clock set right'
    ],
    [
      'a start of sequencing',
      entry('sequencer', 'sequencing-asked-for', { hash: N.hash, refusal: null }),
      '    1.3s  sequencer  told to start sequencing on 0xa1a1a1…a1a1: accepted'
    ],
    [
      'a start of sequencing that is refused',
      entry('sequencer', 'sequencing-asked-for', { hash: N.hash, refusal: 'no such head' }),
      '    1.3s  sequencer  told to start sequencing on 0xa1a1a1…a1a1: refused: no such head'
    ],
    [
      'a failure',
      entry('sequencer', 'failed', { reason: 'disk full' }),
      '    1.3s  sequencer  failed: disk full'
    ]
  ] as const) {
    it(`say ${title}`, () => {
      assert.deepEqual(linesOf(one), [text])
    })
  }

  for (const [title, one] of [
    ['steps', entry('sequencer', 'step', { step: 'built', block: N })],
    ['stages of backups', entry('backup-1', 'stage', { stage: 'fetch-blocks', items: 1 })],
    ['gates of backups', entry('backup-1', 'gate', { open: false, reason: 'recovering' })],
    ['gates that shut at the end', entry('sequencer', 'gate', { open: false, reason: 'stopping' })]
  ] as const) {
    it(`leave out ${title}`, () => {
      assert.deepEqual(linesOf(one), [])
    })
  }

  it('say a stage once while it goes round', () => {
    const stage = entry('sequencer', 'stage', { stage: 'ask-backups', items: 0 })
    assert.equal(linesOf(stage, stage, stage).length, 1)
  })

  it('point out the block that builds on the one that died with its signer', () => {
    const held = entry('sequencer', 'held', { step: 'published', block: N })
    const heard = entry('observer', 'heard', CHILD)
    const killed = entry('sequencer', 'killed')
    assert.match(linesOf(held, killed, heard).at(-1) ?? '', /where the sequencer was killed$/)
    assert.doesNotMatch(linesOf(held, heard).at(-1) ?? '', /killed/)
  })

  it('are coloured on a terminal alone', () => {
    const check = { name: 'gate', ok: false, detail: 'why' } as const
    const plain = new ProgressLines({ hasColor: false }).check(check)
    assert.equal(plain, 'BROKE  gate                  why')
    const colored = new ProgressLines({ hasColor: true }).check(check)
    assert.equal(colored, `\u001b[31m${plain}\u001b[0m`)
  })
})
