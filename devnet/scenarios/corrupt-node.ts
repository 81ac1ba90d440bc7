// A flipped bit in a trie node, a flat entry, a code: found and named; flat entries are mended from the trie, at work and by hand.
import {
  flipEntries,
  nameOf,
  putEntries,
  readEntries,
  readEvents,
  runVerify,
  type StateKind,
  type StoredEntry
} from './damage.ts'
import { Expectations } from './expectations.ts'
import { type NodePlace } from './recovery-actions.ts'
import { type Scenario, type ScenarioActions } from './scenario.ts'

/** Small bounds, so that the state is in the database soon. */
const ON_DISK = { stateLimits: { diffLayersMax: 2, writeBufferMaxBlocks: 1 } }
const BLOCKS = 6
const BLOCKS_AFTER = 3
/** What only its hash proves: it can be named, and fetched from a peer. */
const PROVED_BY_HASH: readonly StateKind[] = ['accountNode', 'storageNode', 'code']
const FLAT: readonly StateKind[] = ['account', 'slot']

/** Mending from what this node has itself. */
export const CORRUPT_NODE: Scenario = {
  name: 'corrupt-node',
  summary: 'bits are flipped in trie nodes, flat entries and codes',
  setup: { signedRecord: 'on', quorum: 'auto' },
  needsLoad: true,
  async run(actions) {
    const expectations = new Expectations()
    const place = actions.place('sequencer')
    await actions.buildUntil(BLOCKS)
    await actions.stop('sequencer')
    await actions.start('sequencer', ON_DISK)
    await actions.untilBuilding(2 * BLOCKS_AFTER)
    const last = await actions.holdAt('head-set')
    await actions.stop('sequencer')
    await expectSound(place, expectations)
    for (const kind of PROVED_BY_HASH) await nameOne(place, kind, expectations)
    for (const kind of FLAT) await mendByHand(place, kind, expectations)
    await refuseAtWork(actions, place, expectations)
    await mendAtWork(actions, place, expectations)
    return {
      lost: { ...last, announced: true, recorded: true },
      judge: () => expectations.judge()
    }
  }
}

async function expectSound(place: NodePlace, expectations: Expectations): Promise<void> {
  const { exitCode, places } = await runVerify(place)
  expectations.expect(
    exitCode === 0,
    `db verify of a sound directory finds ${places.join() || 'nothing'}`
  )
}

/** Each alone, so that its name and no other is expected; then it is put back. */
async function nameOne(
  place: NodePlace,
  kind: StateKind,
  expectations: Expectations
): Promise<void> {
  const entries = await readEntries(place, kind)
  for (const entry of [...entries.slice(0, 1), ...entries.slice(-1)]) {
    await flipEntries(place, [entry])
    const { exitCode, places, mendedCount } = await runVerify(place, { isRepair: true })
    await putEntries(place, [entry])
    expectations.expect(
      exitCode === 1 && places.join() === nameOf(entry) && mendedCount === 0,
      `${nameOf(entry)} flipped: db verify names ${places.join()}`
    )
  }
}

async function mendByHand(
  place: NodePlace,
  kind: StateKind,
  expectations: Expectations
): Promise<void> {
  const entry = firstOf(await readEntries(place, kind), kind)
  await flipEntries(place, [entry])
  const found = await runVerify(place)
  const mended = await runVerify(place, { isRepair: true })
  const after = await runVerify(place)
  expectations.expect(
    found.exitCode === 1 &&
      found.places.join() === nameOf(entry) &&
      mended.exitCode === 0 &&
      mended.mendedCount === 1 &&
      after.exitCode === 0,
    `${nameOf(entry)} flipped: db verify names ${found.places.join()}, mends ${String(mended.mendedCount)} of it`
  )
}

/** With the token's code damaged no block of transfers can be built: it says so, and builds nothing false. */
async function refuseAtWork(
  actions: ScenarioActions,
  place: NodePlace,
  expectations: Expectations
): Promise<void> {
  const codes = await readEntries(place, 'code')
  const bySize = [...codes].sort((a, b) => b.value.length - a.value.length)
  const token = firstOf(bySize, 'code')
  await flipEntries(place, [token])
  await actions.start('sequencer', ON_DISK)
  const name = nameOf(token).replace(/^code /, 'codeHash=')
  const said = await saysSoon(actions, place, name)
  await actions.kill('sequencer')
  await putEntries(place, [token])
  expectations.expect(said.length > 0, `${nameOf(token)} flipped: at work it says ${said}`)
}

/** The first reason with which a block was given up that names the place. */
async function saysSoon(actions: ScenarioActions, place: NodePlace, name: string): Promise<string> {
  return actions.until(`the log names ${name}`, async () => {
    const reasons = (await readEvents(place, 'block-abandoned')).map(({ reason }) => String(reason))
    return reasons.find((reason) => reason.includes(name))
  })
}

/** Every flat entry is damaged: what the blocks read is mended on the way, the rest by hand. */
async function mendAtWork(
  actions: ScenarioActions,
  place: NodePlace,
  expectations: Expectations
): Promise<void> {
  const flat: StoredEntry[] = []
  for (const kind of FLAT) flat.push(...(await readEntries(place, kind)))
  await flipEntries(place, flat)
  const names = new Set(flat.map(nameOf))
  await actions.start('sequencer', ON_DISK)
  await actions.untilBuilding(BLOCKS_AFTER)
  await actions.stop('sequencer')
  const mended = (await readEvents(place, 'flat-entry-mended')).map(
    ({ kind, place: at }) => `${String(kind)} ${String(at)}`
  )
  expectations.expect(
    mended.length > 0 &&
      mended.every((name) => names.has(name)) &&
      new Set(mended).size === mended.length,
    `${String(flat.length)} flat entries flipped: ${String(mended.length)} read and mended at work, each once`
  )
  const { exitCode, mendedCount } = await runVerify(place, { isRepair: true })
  expectations.expect(exitCode === 0, `db verify --repair mends the other ${String(mendedCount)}`)
  await expectSound(place, expectations)
  await actions.start('sequencer')
  await actions.untilBuilding(BLOCKS_AFTER)
}

function firstOf(entries: readonly StoredEntry[], kind: StateKind): StoredEntry {
  const [entry] = entries
  if (entry === undefined) throw new Error(`there is no ${kind} in the database`)
  return entry
}
