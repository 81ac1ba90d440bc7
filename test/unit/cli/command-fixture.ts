// Fixture of the command line's tests: surroundings that remember, stubs of net/, a node's files.
import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Service } from '../../../src/base/service.ts'
import { sampleGenesisText } from '../../../src/chain/genesis/sample-genesis.ts'
import { type CommandIo } from '../../../src/cli/command-io.ts'
import { type CommandLineDeps, runCommandLine } from '../../../src/cli/command-line.ts'
import { type InitDeps } from '../../../src/cli/init.ts'
import { type CreateNode } from '../../../src/cli/run-command.ts'
import { type PeerAddress } from '../../../src/config/node-config.ts'
import { type PeerIdentity, type StartReaders } from '../../../src/config/start-inputs.ts'

/** Keys by hand, and the addresses that other wallets show for them. */
export const SEQUENCER_KEY = '4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d'
export const SEQUENCER_ADDRESS: Hex = '0x90f8bf6a479f320ead074411a4b0e7944ea8c9c1'
export const OTHER_KEY = '6cbed15c793ce57650b9877cf6fa156fbef513c4e6134f022a85b1ffdd59b2a1'
export const OTHER_ADDRESS: Hex = '0xffcf8fdee72ac11b5c542428b35eef5769c409f0'

/** Peers, and the id that the stub makes of the prepared peer key. */
export const BACKUP_A = '/ip4/10.0.0.2/tcp/9222/p2p/peerA'
export const BACKUP_B = '/ip4/10.0.0.3/tcp/9222/p2p/peerB'
export const OWN_PEER_ID = 'peer01010101'

/** A run of one command: what it printed, and what it ended with. */
export interface CommandRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Surroundings whose output is kept, and whose signals the test sends. */
export interface RecordedIo extends CommandIo {
  readonly printed: string[]
  readonly complained: string[]
  readonly exits: number[]
  /** Calls everyone who listens for SIGINT; how many did. */
  readonly sendSignal: () => number
}

/** No environment, no terminal. */
export function recordedIo(
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {}
): RecordedIo {
  const listeners = new Set<() => void>()
  const printed: string[] = []
  const complained: string[] = []
  const exits: number[] = []
  return {
    printed,
    complained,
    exits,
    cwd,
    env,
    isTerminal: false,
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
    exitNow: (code) => void exits.push(code),
    onStopSignal(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    sendSignal() {
      for (const listener of [...listeners]) listener()
      return listeners.size
    }
  }
}

/** Stands for net/: the same refusals, without libp2p. */
export const STUB_READERS: StartReaders<PeerIdentity> = {
  parsePeer(text): PeerAddress {
    const [, , peerId] = /^(\/.+)?\/p2p\/([A-Za-z0-9]+)$/.exec(text) ?? []
    if (!text.startsWith('/')) throw new Error('it is no multiaddr')
    if (peerId === undefined) throw new Error('it must end in /p2p/')
    return { multiaddr: text, peerId }
  },
  parseAdvertised(text) {
    if (!/^\/[a-z0-9]+\/[^/]+\/tcp\/\d+$/.test(text)) throw new Error('it is no multiaddr')
    return text
  },
  parseListen(text) {
    if (!/^\/ip[46]\/[^/]+\/tcp\/\d+$/.test(text)) throw new Error('it is no multiaddr')
    return text
  },
  async readPeerKey(path) {
    const text = await readFile(path, 'latin1').then(
      (content) => content.trim(),
      () => Promise.reject(new Error('there is no such file'))
    )
    if (!/^[0-9a-f]{64}$/.test(text)) throw new Error('it is not 64 hex digits')
    return { peerId: `peer${text.slice(0, 8)}` }
  }
}

/** The genesis hash that the stub of state/ answers. */
export const STUB_GENESIS_HASH: Hex = `0x${'ab'.repeat(32)}`
/** The time at which the sample genesis is made. */
export const STUB_NOW_MS = 1_750_000_000_999

/** Stands for the clock, net/ and state/ in init. */
const STUB_INIT: InitDeps = {
  clock: { nowMs: () => STUB_NOW_MS },
  genesisHash: () => Promise.resolve(STUB_GENESIS_HASH),
  async createPeerKey(path) {
    const text = randomBytes(32).toString('hex')
    await writeFile(path, `${text}\n`, { flag: 'wx', mode: 0o600 })
    return { peerId: `peer${text.slice(0, 8)}` }
  }
}

/** Commands over stubs. Without a node of its own a run must not come as far as making one. */
export function stubDeps(
  createNode: CreateNode<PeerIdentity> = () => Promise.reject(new Error('a node was made'))
): CommandLineDeps<PeerIdentity> {
  return {
    version: '1.2.3',
    loadParsers: () => Promise.resolve(STUB_READERS),
    loadInit: () => Promise.resolve({ readers: STUB_READERS, init: STUB_INIT }),
    loadSetup: () => Promise.resolve({ ...STUB_READERS, createPeerKey: STUB_INIT.createPeerKey }),
    loadRun: () => Promise.resolve({ readers: STUB_READERS, createNode })
  }
}

/** The same with another part of init. */
export function stubInitDeps(changes: Partial<InitDeps>): CommandLineDeps<PeerIdentity> {
  const init = { ...STUB_INIT, ...changes }
  return { ...stubDeps(), loadInit: () => Promise.resolve({ readers: STUB_READERS, init }) }
}

/** Runs the command line over the stubs. */
export async function runCommand(
  args: readonly string[],
  io: RecordedIo,
  deps = stubDeps()
): Promise<CommandRun> {
  const exitCode = await runCommandLine(args, deps, io)
  return { exitCode, stdout: io.printed.join(''), stderr: io.complained.join('') }
}

/** A node made of nothing but its run. */
export function nodeOf(run: Service['run']): CreateNode<PeerIdentity> {
  return () => Promise.resolve({ run })
}

/** The sample genesis with parts of it replaced; a part given as undefined is left out. */
export function genesisWith(changes: {
  readonly top?: Readonly<Record<string, unknown>>
  readonly config?: Readonly<Record<string, unknown>>
  readonly blockTimeMs?: number
}): string {
  const sample = JSON.parse(
    sampleGenesisText({
      chainId: 901,
      signer: SEQUENCER_ADDRESS,
      fundedAccounts: [],
      timestamp: Math.floor(STUB_NOW_MS / 1000),
      blockTimeMs: changes.blockTimeMs ?? 1000
    })
  ) as { readonly config: Readonly<Record<string, unknown>> }
  return JSON.stringify({
    ...sample,
    ...changes.top,
    config: { ...sample.config, ...changes.config }
  })
}

/** A sequencer's key directory `seq.keys`, sound in every part. */
export async function prepareSequencer(cwd: string): Promise<void> {
  const keys = join(cwd, 'seq.keys')
  await mkdir(keys)
  await writeFile(join(keys, 'sequencer.key'), `${SEQUENCER_KEY}\n`, { mode: 0o600 })
  await writeFile(join(keys, 'peer.key'), `${'01'.repeat(32)}\n`, { mode: 0o600 })
  await writeFile(join(keys, 'genesis.json'), genesisWith({}))
  await writeConfig(cwd, {})
}

/** Its config file; a key given as undefined is left out. */
export async function writeConfig(
  cwd: string,
  changes: Readonly<Record<string, unknown>>
): Promise<void> {
  const config = { role: 'sequencer', dataDir: '../seq', backups: [BACKUP_A], ...changes }
  await writeFile(join(cwd, 'seq.keys', 'config.json'), JSON.stringify(config))
}

/** Puts a file of its own mode there, over any other. */
export async function putFile(path: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(path, text)
  await chmod(path, mode)
}

/** Every path below with its mode and what it holds, to see whether anything was written. */
export async function listing(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true })
  const lines = names.sort().map(async (name) => {
    const path = join(directory, name)
    const stats = await lstat(path)
    const content = stats.isFile() ? createHash('sha256').update(await readFile(path)) : undefined
    return `${name} ${stats.mode.toString(8)} ${content?.digest('hex') ?? 'directory'}`
  })
  return Promise.all(lines)
}

/** The permission bits of a file. */
export async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}
