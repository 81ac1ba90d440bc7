// A node's files with a chain in them, for the operator's exits: real databases, a real record, no process.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hex } from '../../../src/base/bytes.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLog } from '../../../src/base/log.ts'
import { type BlockRef, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../../src/chain/genesis/sample-genesis.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { type OpenStores, openStores } from '../../../src/node/open-stores.ts'
import { type ExitFlags, type ExitIo, type OperatorExit } from '../../../src/cli/operator-exit.ts'
import { openSigner } from '../../../src/signer/open-signer.ts'
import { type SignedRecord } from '../../../src/signer/signed-record.ts'
import { TEST_CHAIN_ID, TEST_KEY, TEST_SIGNER, testReceipts } from '../../support/signed-chain.ts'

const GENESIS_TEXT = sampleGenesisText({
  chainId: Number(TEST_CHAIN_ID),
  signer: TEST_SIGNER,
  fundedAccounts: [TEST_SIGNER],
  timestamp: 1_700_000_000,
  blockTimeMs: 1000
})

/** What an exit did, as the operator sees it. */
export interface ExitRun {
  readonly exitCode: number
  readonly stderr: string
  /** Undefined when nothing was printed. */
  readonly done: Readonly<Record<string, unknown>> | undefined
}

/** One node's place on disk. */
export interface NodeFiles {
  readonly dataDir: string
  readonly configFile: string
  stores<T>(use: (stores: OpenStores) => Promise<T> | T): Promise<T>
  record<T>(use: (record: SignedRecord) => Promise<T> | T): Promise<T>
  run<Flags extends ExitFlags>(
    command: OperatorExit<Flags>,
    flags: Omit<Flags, 'configFile' | 'isJson'>
  ): Promise<ExitRun>
}

/** Writes config, genesis and, for a sequencer, its key; the stores begin when they are first opened. */
export async function writeNodeFiles(
  directory: string,
  role: 'sequencer' | 'backup',
  config: Readonly<Record<string, unknown>> = {}
): Promise<NodeFiles> {
  const path = (name: string) => join(directory, name)
  const dataDir = path('data')
  const configFile = path('config.json')
  await mkdir(path('keys'))
  await writeFile(path('genesis.json'), GENESIS_TEXT)
  const keyFile = path('keys/sequencer.key')
  await writeFile(keyFile, Buffer.from(TEST_KEY).toString('hex'), { mode: 0o600 })
  const files = role === 'sequencer' ? { sequencerKeyFile: keyFile } : {}
  const genesisFile = path('genesis.json')
  await writeFile(configFile, JSON.stringify({ role, dataDir, genesisFile, ...files, ...config }))
  const genesis = parseGenesis(GENESIS_TEXT)
  const schedule = createSignerSchedule(genesis.config.signers)
  const open = () =>
    openStores(dataDir, { genesis, schedule }, { clock: systemClock, log: silentLog })
  const withStores: NodeFiles['stores'] = async (use) => {
    const stores = await open()
    try {
      return await use(stores)
    } finally {
      await stores.close()
    }
  }
  return {
    dataDir,
    configFile,
    stores: withStores,
    async record(use) {
      const genesisHash = await withStores((stores) => stores.genesis.hash)
      const recordFile = path('keys/signed-record')
      const signer = await openSigner(
        { keyFile, recordFile },
        { chainId: TEST_CHAIN_ID, genesisHash }
      )
      try {
        if (signer.record === undefined) throw new Error('the record is off')
        return await use(signer.record)
      } finally {
        await signer.close()
      }
    },
    async run(command, flags) {
      let stdout = ''
      let stderr = ''
      const io: ExitIo = {
        print: (text) => void (stdout += text),
        complain: (text) => void (stderr += text),
        env: {},
        cwd: directory
      }
      const all = { ...flags, configFile, isJson: true } as Parameters<typeof command>[0]
      const exitCode = await command(all, { parseAdvertised, parseListen, parsePeer }, io)
      const done =
        stdout === '' ? undefined : (JSON.parse(stdout) as Readonly<Record<string, unknown>>)
      return { exitCode, stderr, done }
    }
  }
}

/** Makes the blocks canonical, in their order. */
export async function persistAll({ blocks }: OpenStores, chain: readonly SignedBlock[]) {
  for (const block of chain) await blocks.persist(block, testReceipts(block))
}

/** What an exit may change, as plain values. */
export async function snapshot(node: NodeFiles, watched: readonly Hex[]) {
  return node.stores(({ blocks, accepted, state }) => ({
    head: plainRef(blocks.head()),
    highest: accepted.highestAccepted(),
    setAside: watched.map((hash) => accepted.setAsideReason(hash)),
    disk: state.diskPoint()?.number
  }))
}

/** A block's place alone. */
export function plainRef({ number, hash }: BlockRef): BlockRef {
  return { number, hash }
}

/** Writes a record that signed these, after adopting the block before them. */
export async function signAll(
  node: NodeFiles,
  on: BlockRef,
  chain: readonly SignedBlock[]
): Promise<void> {
  await node.record(async (record) => {
    await record.adopt(plainRef(on))
    for (const { number, hash, version, message } of chain) {
      await record.append({ number, hash, version, message }, () => undefined)
    }
  })
}
