// Random damage to the databases of a stopped backup: it follows again by itself, or refuses with the command that helps; never a wrong root.
import { readdir, readFile, rm, stat, truncate, writeFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { repairDatabases } from '../../src/cli/db-repair.ts'
import { describeFault, verifyDatabases } from '../../src/cli/db-verify.ts'
import { PLACES } from '../../src/config/node-directory.ts'
import { parsePeer } from '../../src/net/peer-address.ts'
import { CHAIN_DATABASE, CHAIN_PREFIX, STATE_DATABASE, STATE_PREFIX } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { type Cluster } from '../../devnet/cluster/cluster.ts'
import { waitUntil } from '../../devnet/cluster/condition.ts'
import { callRpc, readBlock } from '../../devnet/cluster/rpc-client.ts'
import { type Scenario, type ScenarioActions } from '../../devnet/scenarios/scenario.ts'
import { type Criterion, say } from './criterion.ts'
import { createDice } from './dice.ts'
import { keepIfBroken, openSoakRun, unjudged } from './soak-cluster.ts'
import { type SoakOptions } from './soak-part.ts'

/** One chain for so many damages: it grows with each, and each is followed up to its head. */
const DAMAGES_PER_CLUSTER = 50
const BLOCK_TIME_MS = 1_000
const TRANSFERS_PER_SECOND = 10
/** The victim beside the sequencer and one more: two healthy peers. */
const BACKUPS = 2
const BLOCKS_BEFORE = 20
const ON_DISK = { stateLimits: { diffLayersMax: 2, writeBufferMaxBlocks: 1 } }
/** Starts before the damage: each sorts the log into a table. */
const STARTS_BEFORE = 3
/** A supervisor starts again what ended with 1, or by a signal. */
const STARTS_MAX = 3
const START_AGAIN_CODES: readonly (number | null)[] = [1, null]
const FOLLOW_TIMEOUT_MS = 60_000
/** Of the damages, in percent. */
const FOLLOWED_MIN_PERCENT = 95
const FLIPS_MAX = 8
const ACCOUNTS = 500

const FILES = ['CURRENT', 'MANIFEST', 'log', 'ldb'] as const
const WAYS = ['flip', 'cut', 'empty', 'remove'] as const

/** Damages a data directory by chance; `make` resolves with what it did. */
interface Damage {
  readonly make: (dataDir: string, seed: number) => Promise<string>
  /** What nothing read is still damaged when it follows: `db verify --repair` has to mend that. */
  readonly isRepaired: boolean
}

/** What came of one damage. */
interface Outcome {
  readonly seed: number
  /** Database, file and way. */
  readonly kind: string
  readonly isFollowing: boolean
  /** Why it does not follow, or what is still wrong on its disk. */
  readonly told: readonly string[]
  /** A root that is not the chain's. */
  readonly wrong: readonly string[]
}

type DamageOptions = Pick<SoakOptions, 'times' | 'seed' | 'slots'>

/** Damages of files, spread over clusters; one seed each. */
export function damageNodes(options: DamageOptions): Promise<readonly Criterion[]> {
  return damageWith({ make: damageFiles, isRepaired: false }, 'damage', options)
}

/** Damages of single entries, which LevelDB does not see. */
export function damageNodeEntries(options: DamageOptions): Promise<readonly Criterion[]> {
  return damageWith({ make: damageEntry, isRepaired: true }, 'entries', options)
}

async function damageWith(
  damage: Damage,
  name: string,
  { times, seed, slots }: DamageOptions
): Promise<readonly Criterion[]> {
  const outcomes: Outcome[] = []
  await Promise.all(
    Array.from({ length: Math.ceil(times / DAMAGES_PER_CLUSTER) }, (_, at) => {
      const first = at * DAMAGES_PER_CLUSTER
      const count = Math.min(DAMAGES_PER_CLUSTER, times - first)
      return slots(() => damageInCluster({ damage, count, seed: seed + first }, outcomes))
    })
  )
  return toCriteria(name, outcomes, times)
}

async function damageInCluster(
  {
    damage,
    count,
    seed
  }: { readonly damage: Damage; readonly count: number; readonly seed: number },
  outcomes: Outcome[]
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-damage-'))
  const victim = `backup-${String(BACKUPS)}`
  const before = outcomes.length
  const scenario: Scenario = {
    name: 'random-damage',
    summary: `${String(count)} damages of a stopped backup`,
    setup: { signedRecord: 'on', quorum: 'auto' },
    async run(actions) {
      await fillDatabases(actions, victim)
      for (let at = 0; at < count; at++) {
        const outcome = await damageOnce(run.cluster, actions, { damage, victim, seed: seed + at })
        outcomes.push(outcome)
        say(`damage ${String(seed + at)} ${outcome.kind}: ${describe(outcome)}`)
      }
      return unjudged(`${String(count)} damages`)
    }
  }
  const run = await openSoakRun({
    directory: join(directory, 'cluster'),
    scenario,
    seed,
    blockTimeMs: BLOCK_TIME_MS,
    backupsCount: BACKUPS,
    transfersPerSecond: TRANSFERS_PER_SECOND,
    fundedAccounts: Array.from(
      { length: ACCOUNTS },
      (_, at) => `0x${(at + 1).toString(16).padStart(40, '7')}` as const
    )
  })
  await run.act()
  const { checks } = await run.close()
  const failed = checks.find(({ name, ok }) => name === 'recovered-as-expected' && !ok)
  if (failed !== undefined) say(`seed ${String(seed)}: ${failed.detail}`)
  const made = outcomes.slice(before)
  const isBroken = made.length < count || made.some(({ isFollowing }) => !isFollowing)
  await keepIfBroken(directory, isBroken)
}

/** Blocks, states and layers on disk, in tables and in logs. */
async function fillDatabases(actions: ScenarioActions, victim: string): Promise<void> {
  for (let start = 1; start <= STARTS_BEFORE; start++) {
    await actions.buildUntil(start * BLOCKS_BEFORE)
    await actions.untilHead(victim, start * BLOCKS_BEFORE)
    await actions.stop(victim)
    if (start < STARTS_BEFORE) await actions.start(victim, ON_DISK)
  }
  await actions.saveData(victim, 'sound')
}

async function damageOnce(
  cluster: Cluster,
  actions: ScenarioActions,
  {
    damage: { make, isRepaired },
    victim,
    seed
  }: { readonly damage: Damage; readonly victim: string; readonly seed: number }
): Promise<Outcome> {
  await actions.restoreData(victim, 'sound')
  const kind = await make(cluster.node(victim).dataDir, seed)
  const told: string[] = []
  const wrong: string[] = []
  let isFollowing = false
  for (let start = 1; start <= STARTS_MAX && !isFollowing; start++) {
    try {
      await actions.start(victim, ON_DISK)
      wrong.push(...(await untilFollowing(cluster, victim)))
      isFollowing = true
    } catch (thrown) {
      told.push(firstLine(thrown))
    }
    const { process } = cluster.run(victim)
    const isAlive = process.isAlive
    await cluster.stop(victim)
    if (!isFollowing && (isAlive || !START_AGAIN_CODES.includes(process.exitCode ?? null))) break
  }
  if (isFollowing) told.push(...(await verify(cluster, victim, isRepaired)))
  return { seed, kind, isFollowing, told, wrong }
}

/** Flips, cuts, empties or removes one file. Returns what it was. */
async function damageFiles(dataDir: string, seed: number): Promise<string> {
  const dice = createDice(seed)
  for (let skipped = 0; skipped < 3; skipped++) dice(2) // the first ones of neighbouring seeds are alike
  const place = dice(2) === 0 ? PLACES.chain : PLACES.state
  const names = (await readdir(join(dataDir, place))).sort()
  const present = FILES.filter((one) => names.some((name) => isOfKind(name, one)))
  const file = present[dice(present.length)] ?? 'CURRENT'
  const candidates = names.filter((name) => isOfKind(name, file))
  const path = join(dataDir, place, candidates[dice(candidates.length)] ?? 'CURRENT')
  const way = WAYS[dice(WAYS.length)] ?? 'remove'
  const { size } = await stat(path)
  if (way === 'remove') await rm(path)
  else if (way === 'empty') await truncate(path, 0)
  else if (way === 'cut') await truncate(path, size === 0 ? 0 : dice(size))
  else await flipBytes(path, dice)
  return `${place} ${file} ${way}`
}

async function flipBytes(path: string, dice: (sides: number) => number): Promise<void> {
  const bytes = await readFile(path)
  const flips = bytes.length === 0 ? 0 : 1 + dice(FLIPS_MAX)
  for (let flip = 0; flip < flips; flip++) bytes[dice(bytes.length)]! ^= 1 + dice(255)
  await writeFile(path, bytes)
}

/** Flips or removes one entry of one database, each kind as likely. */
async function damageEntry(dataDir: string, seed: number): Promise<string> {
  const dice = createDice(seed)
  for (let skipped = 0; skipped < 3; skipped++) dice(2)
  const isChain = dice(2) === 0
  const [place, schema] = isChain
    ? ([PLACES.chain, CHAIN_DATABASE] as const)
    : ([PLACES.state, STATE_DATABASE] as const)
  const store = await openLevelStore(join(dataDir, place), schema)
  try {
    const kinds = Object.entries(isChain ? CHAIN_PREFIX : STATE_PREFIX)
    const byKind: (readonly [string, readonly Uint8Array[]])[] = []
    for (const [name, prefix] of kinds) {
      const keys: Uint8Array[] = []
      const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
      for await (const [key] of store.iterate(range)) keys.push(Uint8Array.from(key))
      if (keys.length > 0) byKind.push([name, keys])
    }
    const [name, keys] = byKind[dice(byKind.length)] ?? ['nothing', []]
    // The newest are what a start reads.
    const key = keys[dice(2) === 0 ? keys.length - 1 : dice(keys.length)]
    const value = key && store.get(key)
    if (key === undefined || value === undefined) return `${place} ${name} none`
    const isFlip = value.length > 0 && dice(2) === 0
    const bytes = Uint8Array.from(value)
    if (isFlip) bytes[dice(bytes.length)]! ^= 1 + dice(255)
    await store.batch([isFlip ? { type: 'put', key, value: bytes } : { type: 'del', key }], {
      sync: true
    })
    return `${place} ${name} ${isFlip ? 'flip' : 'remove'}`
  } finally {
    await store.close()
  }
}

function isOfKind(name: string, kind: (typeof FILES)[number]): boolean {
  return kind === 'log' || kind === 'ldb' ? name.endsWith(`.${kind}`) : name.startsWith(kind)
}

/** Until it has the sequencer's block of now and one more, with its state. Returns roots that are not the chain's. */
async function untilFollowing(cluster: Cluster, victim: string): Promise<readonly string[]> {
  const [own, other] = [cluster.node(victim).rpcUrl, cluster.node(SEQUENCER).rpcUrl]
  const target = await readBlock(other, 'latest')
  if (target === undefined) throw new Error('the sequencer has no head')
  const condition = {
    what: `${victim} follows`,
    timeoutMs: FOLLOW_TIMEOUT_MS,
    signal: new AbortController().signal
  }
  await waitUntil(condition, async () => {
    if (!cluster.run(victim).process.isAlive) return { never: 'it ended' }
    const head = await readBlock(own, 'latest')
    await callRpc(own, 'eth_getBalance', [`0x${'77'.repeat(20)}`, 'latest'])
    return head !== undefined && head.number > target.number
      ? { done: true }
      : { instead: `its head is ${String(head?.number)} of ${String(target.number)}` }
  })
  const wrong: string[] = []
  const head = await readBlock(own, 'latest')
  for (
    let number = Math.max(0, (head?.number ?? 0) - 20);
    number <= (head?.number ?? 0);
    number++
  ) {
    const [ours, theirs] = [await readBlock(own, number), await readBlock(other, number)]
    if (ours?.stateRoot !== theirs?.stateRoot) wrong.push(`block ${String(number)}`)
  }
  return wrong
}

/** What is wrong on the disk of one that follows and was stopped; with a repair, what that leaves. */
async function verify(
  cluster: Cluster,
  victim: string,
  isRepaired: boolean
): Promise<readonly string[]> {
  const { genesis, chainId, blockTimeMs } = cluster.layout
  const { signers } = genesis.config
  const rules = { chainId, schedule: createSignerSchedule(signers) }
  const { dataDir } = cluster.node(victim)
  const deps = { clock: systemClock, say: () => undefined }
  const config = { dataDir, preset: 'op', role: 'backup' } as const
  const peers = [parsePeer(cluster.node(SEQUENCER).multiaddr)]
  const inputs = { config, genesis, signers, blockTimeMs, peers }
  try {
    const { faults } = isRepaired
      ? await repairDatabases(deps, { inputs, rules }, new AbortController().signal)
      : await verifyDatabases(deps, { dataDir, rules })
    return faults
      .filter(({ isMended }) => isMended !== true)
      .map((fault) => `left: ${describeFault(fault)}`)
  } catch (thrown) {
    return [`left: ${firstLine(thrown)}`]
  }
}

function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const failed = /rekindle[^\n]*|"reason":"[^"]*"/.exec(text)
  return `${text.split('\n')[0] ?? ''} ${failed?.[0] ?? ''}`.trim()
}

function describe({ isFollowing, told, wrong }: Outcome): string {
  return [isFollowing ? 'follows' : 'does not follow', ...told, ...wrong].join('; ')
}

function toCriteria(
  name: string,
  outcomes: readonly Outcome[],
  times: number
): readonly Criterion[] {
  const followed = outcomes.filter(({ isFollowing }) => isFollowing)
  const byKind: Record<string, { followed: number; refused: string[] }> = {}
  for (const { kind, isFollowing, told } of outcomes) {
    const one = (byKind[kind] ??= { followed: 0, refused: [] })
    if (isFollowing) one.followed += 1
    else one.refused.push(told.join('; '))
  }
  const left = followed.filter(({ told }) => told.some((line) => line.startsWith('left:')))
  return [
    {
      criterion: `${name}: followed again by itself`,
      ok: outcomes.length === times && 100 * followed.length >= FOLLOWED_MIN_PERCENT * times,
      value: { followed: followed.length, of: outcomes.length, byKind },
      limit: `${String(FOLLOWED_MIN_PERCENT)} % of ${String(times)}`
    },
    {
      criterion: `${name}: wrong roots`,
      ok: outcomes.every(({ wrong }) => wrong.length === 0),
      value: outcomes.flatMap(({ wrong }) => wrong),
      limit: 0
    },
    {
      criterion: `${name}: faults that db verify finds afterwards`,
      ok: left.length === 0,
      value: left.map(({ seed, kind, told }) => ({ seed, kind, told })),
      limit: 0
    }
  ]
}
