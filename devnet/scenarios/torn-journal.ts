// The journal of a clean stop comes back damaged: its longest valid prefix counts, the rest is rebuilt, nothing else is believed.
import { decodeJournal, journalOf } from '../../src/state/journal-codec.ts'
import { type BlockFacts } from '../cluster/messages.ts'
import { flipped, readEvents, readJournalFile, runVerify, writeJournalFile } from './damage.ts'
import { Expectations } from './expectations.ts'
import { type NodePlace } from './recovery-actions.ts'
import { type Scenario, type ScenarioActions } from './scenario.ts'

const LAYERS = 30
const BLOCKS_AFTER = 2
/** Magic, number, hash and root of the disk layer, checksum: journal-codec.ts. */
const HEADER_BYTES = 80

interface Damage {
  readonly what: string
  readonly apply: (bytes: Uint8Array) => Uint8Array
  /** False: not even the header can be read, and the file is of no use. */
  readonly hasPrefix: boolean
}

const DAMAGES: readonly Damage[] = [
  { what: 'cut in the middle', apply: cutInTheMiddle, hasPrefix: true },
  {
    what: 'a bit flipped in its second half',
    apply: (bytes) => flipped(bytes, Math.floor(0.75 * bytes.length)),
    hasPrefix: true
  },
  { what: 'a bit flipped in its header', apply: (bytes) => flipped(bytes, 20), hasPrefix: false },
  { what: 'cut in its header', apply: (bytes) => bytes.subarray(0, 40), hasPrefix: false }
]

/** Never a wrong state, never a crash; the file that does not count is set aside. */
export const TORN_JOURNAL: Scenario = {
  name: 'torn-journal',
  summary: 'the journal of a clean stop is cut, or a bit of it is flipped',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    const expectations = new Expectations()
    const place = actions.place('sequencer')
    await actions.buildUntil(LAYERS)
    let last = await stopAtHead(actions)
    for (const damage of DAMAGES) {
      await tear(actions, { damage, head: last, place, expectations })
      const [again] = await actions.blocks(last.number, last.number)
      expectations.expect(again?.hash === last.hash, `block ${String(last.number)} is kept`)
      last = await stopAtHead(actions)
    }
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...last, announced: true, recorded: true },
      judge: () => expectations.judge()
    }
  }
}

async function stopAtHead(actions: ScenarioActions) {
  const block = await actions.holdAt('head-set')
  await actions.stop('sequencer')
  return block
}

async function tear(
  actions: ScenarioActions,
  {
    damage: { what, apply, hasPrefix },
    head,
    place,
    expectations
  }: {
    readonly damage: Damage
    readonly head: BlockFacts
    readonly place: NodePlace
    readonly expectations: Expectations
  }
): Promise<void> {
  const bytes = await readJournalFile(place)
  const damaged = apply(bytes)
  const whole = await decodeJournal(journalOf(bytes))
  const { layers, damage } = await decodeJournal(journalOf(damaged))
  // Where diffs were merged, one layer stands for several blocks.
  const readable = layers.at(-1)?.point ?? whole.disk
  const lostCount = head.number - Number(readable?.number)
  await writeJournalFile(place, damaged)
  const verdict = await runVerify(place)
  expectations.expect(
    verdict.exitCode === 1 && verdict.places.join() === `journal byte ${String(damage?.offset)}`,
    `${what}: db verify ends with ${String(verdict.exitCode)} and names ${verdict.places.join()}`
  )
  const before = await countSetAside(place)
  await actions.start('sequencer')
  await actions.untilBuilding(BLOCKS_AFTER)
  const { sources, lostLayers } = actions.recovery()
  const isPrefixTaken = sources.includes('journal') === hasPrefix && layers.length > 0 === hasPrefix
  expectations.expect(
    isPrefixTaken && sources.includes('diffs') && lostLayers === lostCount,
    `${what}: ${String(layers.length)} of ${String(whole.layers.length)} layers from the journal, ${String(lostLayers)} of ${String(lostCount)} states rebuilt, from ${JSON.stringify(sources)}`
  )
  expectations.expect(
    (await countSetAside(place)) === before + 1,
    `${what}: set aside and said once`
  )
}

/** Once for each damaged journal: a second start on the same one finds none. */
async function countSetAside(place: NodePlace): Promise<number> {
  const torn = await readEvents(place, 'journal-torn')
  return torn.length + (await readEvents(place, 'journal-set-aside')).length
}

function cutInTheMiddle(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, HEADER_BYTES + ((bytes.length - HEADER_BYTES) >> 1))
}
