// `rekindle db`: what its commands share, and the two that read only: inspect and verify.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/clock.ts'
import { errorMessage } from '../base/node-error.ts'
import { parseGenesis } from '../chain/genesis/genesis.ts'
import { readCanonical } from '../chain/stored/canonical-entries.ts'
import { openChain } from '../chain/stored/open-chain.ts'
import { createSignerSchedule, type SignerPeriod } from '../chain/blocks/signer-schedule.ts'
import { type MessageRules } from '../chain/blocks/verify-message.ts'
import { readPoint } from '../state/flush-batch.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { CHAIN_DATABASE, CHAIN_PREFIX, soleKey, STATE_DATABASE } from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import { StoreError } from '../store/store-error.ts'
import { roleFlag } from './command-flags.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type AddressParsers } from '../config/config-checks.ts'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import { readConfig } from '../config/config.ts'
import { assertDataDirectory, PLACES } from '../config/node-directory.ts'
import { describeFault, verifyDatabases, type VerifyDeps } from './db-verify.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'
import { readJournalFile } from './journal-file.ts'
import { toJsonValue } from '../base/json-value.ts'
import { type NodeConfig, type PeerAddress, type SignerFilesConfig } from '../config/node-config.ts'
import { computeGenesisBlock } from '../node/open-stores.ts'

/** Flags that every command on a data directory takes. */
export interface DbFlags {
  readonly configFile: string | undefined
  readonly isJson: boolean
}

/** A data directory and the chain it has to be of. */
export interface NamedDirectory {
  readonly dataDir: string
  readonly genesis: ReturnType<typeof parseGenesis>
  readonly rules: Required<MessageRules>
  readonly preset: NodeConfig['preset']
  readonly signers: readonly SignerPeriod[]
  readonly blockTimeMs: number
  readonly role: NodeConfig['role'] | undefined
  /** Undefined for a backup. */
  readonly signer: SignerFilesConfig | undefined
  /** Where a record lies if the node has one, or had one in another role. */
  readonly recordFile: string | undefined
}

/** What names a directory. */
export interface DirectoryFlags {
  readonly configFile: string | undefined
  /** What the node runs as, where that is not what the config says. */
  readonly role?: string | undefined
}

/** Flags of `db verify`. */
export interface VerifyFlags extends DbFlags {
  readonly isRepair?: boolean
  /** Multiaddrs of nodes that what is damaged is fetched from. */
  readonly peers?: readonly string[]
}

type DbIo = Pick<CommandIo, 'print' | 'complain' | 'env' | 'cwd'>

/** Walks everything. Resolves with the exit code: 1 when something is wrong, and still is after a repair. */
export async function verifyDirectory(
  { configFile, isJson, isRepair = false, peers = [] }: VerifyFlags,
  parsers: AddressParsers,
  io: DbIo
): Promise<number> {
  return guarded(io, async () => {
    if (peers.length > 0 && !isRepair) {
      io.complain('--peer goes with --repair: without it verify only reads\n')
      return EXIT_CODE.badUsage
    }
    const named = await readDirectory({ configFile }, parsers, io)
    const say = (line: string) => {
      io.complain(`${line}\n`)
    }
    const deps = { clock: systemClock, say }
    const result = isRepair
      ? await repair(deps, named, readPeers(peers, parsers))
      : await verifyDatabases(deps, named)
    if (isJson) {
      io.print(`${JSON.stringify(toJsonValue(result))}\n`)
    } else {
      const { faults, ...counts } = result
      const fields = toJsonValue({ dataDir: named.dataDir, ...counts }) as Record<string, unknown>
      const lines = faults.map((fault) =>
        fault.isMended === true ? `${describeFault(fault)} (mended)` : describeFault(fault)
      )
      io.print(formatFields({ ...fields, faults: lines }))
    }
    return result.ok ? EXIT_CODE.good : EXIT_CODE.failed
  })
}

async function repair(deps: VerifyDeps, named: NamedDirectory, peers: readonly PeerAddress[]) {
  const { dataDir, role = 'sequencer', preset, genesis, signers, blockTimeMs, rules } = named
  const { repairDatabases } = await import('./db-repair.ts')
  const inputs = { config: { dataDir, role, preset }, genesis, signers, blockTimeMs, peers }
  return repairDatabases(deps, { inputs, rules }, new AbortController().signal)
}

/** Throws ConfigError with every address that is none. */
function readPeers(
  peers: readonly string[],
  { parsePeer }: AddressParsers
): readonly PeerAddress[] {
  const problems: ConfigProblem[] = []
  const read = peers.flatMap((text) => {
    try {
      return parsePeer(text)
    } catch (thrown) {
      problems.push({ key: 'peers', from: '--peer', problem: `${text}: ${errorMessage(thrown)}` })
      return []
    }
  })
  if (problems.length > 0) throw new ConfigError(problems)
  return read
}

/** Says what is in the directory, from its pointers alone. */
export async function inspectDirectory(
  { configFile, isJson }: DbFlags,
  parsers: AddressParsers,
  io: DbIo
): Promise<number> {
  return guarded(io, async () => {
    const named = await readDirectory({ configFile }, parsers, io)
    const facts = toJsonValue(await inspect(named)) as Record<string, unknown>
    io.print(isJson ? `${JSON.stringify(facts)}\n` : formatFields(facts))
    return EXIT_CODE.good
  })
}

async function inspect({ dataDir, genesis, rules }: NamedDirectory) {
  const path = join(dataDir, PLACES.chain)
  const chainStore = await openLevelStore(path, CHAIN_DATABASE, { mustExist: true })
  try {
    // A chain that was not begun would be: this command only looks.
    if (!isBegun(chainStore)) throw new StoreError({ code: 'store-missing', path })
    const identity = { genesis: await computeGenesisBlock(genesis), schedule: rules.schedule }
    const { blocks, accepted } = await openChain(chainStore, identity, { log: silentLog })
    const { number, hash } = blocks.head()
    return {
      dataDir,
      chainId: genesis.config.chainId,
      genesisHash: identity.genesis.hash,
      head: { number, hash },
      accepted: accepted.highestAccepted(),
      state: await readStatePoint(dataDir),
      journal: await readJournal(dataDir)
    }
  } finally {
    await chainStore.close()
  }
}

async function readStatePoint(dataDir: string) {
  let store: KeyValueStore
  try {
    const path = join(dataDir, PLACES.state)
    store = await openLevelStore(path, STATE_DATABASE, { mustExist: true })
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.failure.code === 'store-missing') return undefined
    throw thrown
  }
  try {
    return readPoint(store)
  } finally {
    await store.close()
  }
}

/** False for a database in which neither genesis nor head is. */
function isBegun(chainStore: KeyValueStore): boolean {
  return (
    readCanonical(chainStore, 0n) !== undefined ||
    chainStore.get(soleKey(CHAIN_PREFIX.head)) !== undefined
  )
}

async function readJournal(dataDir: string) {
  const file = await readJournalFile(dataDir)
  if (file.kind === 'absent') return undefined
  if (file.kind === 'unreadable') return { problem: file.reason }
  const { disk, layers, damage } = file
  const tip = layers.at(-1)?.point
  return { standsOn: disk?.number, layers: layers.length, upTo: tip?.number, damage }
}

/** The directory that the config names. Throws ConfigError with every problem, StoreError. */
export async function readDirectory(
  { configFile, role: asked }: DirectoryFlags,
  parsers: AddressParsers,
  { env, cwd }: Pick<CommandIo, 'env' | 'cwd'>
): Promise<NamedDirectory> {
  const sources = { configFile, env, flags: roleFlag(asked), cwd }
  const { paths, problems, signers: named, draft } = await readConfig(sources, {}, parsers)
  // What else is wrong with the config keeps a node from running, not its files from being read.
  const { dataDir, genesisFile } = paths
  if (dataDir === undefined || genesisFile === undefined) throw new ConfigError(problems)
  await assertDataDirectory(dataDir)
  const genesis = await readFile(genesisFile, 'utf8')
    .then((text) => parseGenesis(text, { blockTimeMs: draft.values.blockTimeMs, signers: named }))
    .catch((thrown: unknown) => {
      const problem = `it cannot be used: ${errorMessage(thrown)}`
      throw new ConfigError([{ key: 'genesisFile', from: genesisFile, problem }])
    })
  const { chainId, signers } = genesis.config
  const schedule = createSignerSchedule(named ?? signers)
  const { role, preset = 'op', blockTimeMs = genesis.config.blockTimeMs } = draft.values
  const { signer, recordFile } = paths
  const rules = { chainId, schedule }
  const times = { preset, blockTimeMs, signers: named ?? signers }
  return { dataDir, genesis, rules, ...times, role, signer, recordFile }
}

async function guarded(io: DbIo, run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (thrown) {
    for (const line of failureLines(thrown)) io.complain(`${line}\n`)
    return startExitCode(thrown)
  }
}
