// A flipped bit in trie nodes, flat entries, codes: mended of what is left, else from peers, at work and by hand.
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
const FLAT: readonly StateKind[] = ['account', 'slot']
/** What the others of the database tell. */
const TOLD_BY_OTHERS: readonly StateKind[] = ['accountNode', 'storageNode', ...FLAT]
const ALL: readonly StateKind[] = [...TOLD_BY_OTHERS, 'code']
const BACKUP = 'backup-1'

/** The sequencer mends what it can itself, and asks for the rest; a backup of whose state nothing is left asks for all of it. */
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
    for (const kind of TOLD_BY_OTHERS) await mendByHand(place, kind, expectations)
    await nameCode(place, expectations)
    await fetchCodeAtWork(actions, place, expectations)
    await mendAtWork(actions, place, expectations)
    await fetchAllAtWork(actions, expectations)
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

/** One that is flipped alone is named alone, and mended without a peer. */
async function mendByHand(
  place: NodePlace,
  kind: StateKind,
  expectations: Expectations
): Promise<void> {
  const entry = firstOf(await readEntries(place, kind), kind)
  await flipEntries(place, [entry])
  const { exitCode, places, mendedCount } = await runVerify(place, { isRepair: true })
  expectations.expect(
    exitCode === 0 && places.join() === nameOf(entry) && mendedCount === 1,
    `${nameOf(entry)} flipped: db verify names ${places.join()}, mends ${String(mendedCount)} of it`
  )
}

/** Nothing but its hash tells it. */
async function nameCode(place: NodePlace, expectations: Expectations): Promise<void> {
  const entry = firstOf(await readEntries(place, 'code'), 'code')
  await flipEntries(place, [entry])
  const { exitCode, places, mendedCount } = await runVerify(place, { isRepair: true })
  await putEntries(place, [entry])
  expectations.expect(
    exitCode === 1 && places.join() === nameOf(entry) && mendedCount === 0,
    `${nameOf(entry)} flipped: db verify names ${places.join()}`
  )
}

/** With the token's code damaged a block of transfers is given up, and names it; the next one finds it fetched. */
async function fetchCodeAtWork(
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
  await actions.untilBuilding(BLOCKS_AFTER)
  await actions.stop('sequencer')
  const mended = await mendedOf(place)
  expectations.expect(
    said.length > 0 && mended.join() === `${nameOf(token)} from peers`,
    `${nameOf(token)} flipped: at work it says ${said}, and then mended: ${mended.join()}`
  )
}

/** What was mended at work and no reader had an answer for meanwhile, over all starts. */
async function mendedOf(place: NodePlace): Promise<readonly string[]> {
  const events = await readEvents(place, 'state-entry-mended')
  return events.map(
    ({ kind, place: at, from }) => `${String(kind)} ${String(at)} from ${String(from)}`
  )
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

/** Nothing of the backup's state is left: it follows on what its peers serve, and the rest is fetched by hand. */
async function fetchAllAtWork(actions: ScenarioActions, expectations: Expectations): Promise<void> {
  const place = actions.place(BACKUP)
  await actions.stop(BACKUP)
  await actions.start(BACKUP, ON_DISK)
  const before = await actions.head('sequencer')
  await actions.untilHead(BACKUP, before.number + BLOCKS_AFTER)
  await actions.stop(BACKUP)
  const flips: StoredEntry[] = []
  for (const kind of ALL) flips.push(...(await readEntries(place, kind)))
  await flipEntries(place, flips)
  await actions.start(BACKUP, ON_DISK)
  const { number } = await actions.head('sequencer')
  await actions.untilHead(BACKUP, number + BLOCKS_AFTER)
  await actions.stop(BACKUP)
  const fromPeers = (await mendedOf(place)).filter((line) => line.endsWith('from peers'))
  expectations.expect(
    fromPeers.length > 0 && new Set(fromPeers).size === fromPeers.length,
    `${String(flips.length)} entries of ${BACKUP} flipped: ${String(fromPeers.length)} came from peers at work, each once`
  )
  const peers = [actions.place('sequencer').multiaddr]
  const { exitCode, mendedCount } = await runVerify(place, { isRepair: true, peers })
  expectations.expect(exitCode === 0, `db verify --repair --peer mends ${String(mendedCount)}`)
  await expectSound(place, expectations)
  await actions.start(BACKUP)
}

function firstOf(entries: readonly StoredEntry[], kind: StateKind): StoredEntry {
  const [entry] = entries
  if (entry === undefined) throw new Error(`there is no ${kind} in the database`)
  return entry
}
