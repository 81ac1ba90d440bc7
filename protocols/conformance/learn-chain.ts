// How the suite learns which chain a node is on: a status of another chain would make the node disconnect.
//
// A status of another genesis has an answer (ST-8), but the node disconnects after it (ST-10), and what it sent last is
// lost where we write once more into the closed connection. So the genesis hash is looked for where it costs nothing: in
// a status that the node sent, in the parent of block 1, in a status that the node sends to a peer that dialled it.
// A status of zeros comes last, and only as often as it takes to read one answer.
import { toHex } from './block-maker.ts'
import { contentsOf } from './frames.ts'
import { NodeListener } from './node-listener.ts'
import { type RawStatus, readRawStatus, STATUS_BYTES, suiteStatus } from './raw-status.ts'
import { messagesOf } from './served-messages.ts'
import { type SubjectOptions, withPeer } from './suite-peer.ts'
import { requests } from './survey.ts'
import { NodeAway, NotRun } from './verdict.ts'

/** Reading the answer to a status of another chain is tried so often, each time by a new peer. */
const STRANGER_TRIES_MAX = 8

/** A node that says nothing by which its genesis could be known. The message says what to do. */
export class ChainUnknown extends Error {}

/** One place where the genesis hash may be found; undefined where it is not. */
type Source = () => Promise<Uint8Array | undefined>

/** The node's own status, said to a peer of its own chain. Throws ChainUnknown. */
export async function learnChain(
  options: SubjectOptions,
  listener: NodeListener | undefined
): Promise<RawStatus> {
  if (options.genesisHash !== undefined) return confirmGenesis(options, options.genesisHash)
  const sources: readonly Source[] = [
    async () => genesisOf(listener?.calls.find(({ protocol }) => protocol === 'status')?.bytes),
    () => genesisOfFirstBlock(options),
    () => genesisOfAskedPeer(options),
    () => genesisOfStranger(options)
  ]
  for (const source of sources) {
    const genesisHash = await source()
    const status = genesisHash && (await statusOn(options, genesisHash))
    if (
      status !== undefined &&
      toHex(status.genesisHash) === toHex(genesisHash ?? status.genesisHash)
    ) {
      return status
    }
  }
  throw new ChainUnknown(
    'its genesis hash cannot be learnt: it serves no block 1, sends no status to a peer that dials it, and gives no ' +
      'readable answer before it disconnects a peer of another chain. Give --genesis-hash'
  )
}

async function confirmGenesis(
  options: SubjectOptions,
  genesisHash: Uint8Array
): Promise<RawStatus> {
  const status = await statusOn(options, genesisHash)
  const given = `--genesis-hash ${toHex(genesisHash)}`
  if (status === undefined) {
    throw new ChainUnknown(`it answers no status to a peer of ${given}; is it on that chain?`)
  }
  if (toHex(status.genesisHash) !== toHex(genesisHash)) {
    throw new ChainUnknown(`it is on genesis ${toHex(status.genesisHash)}, not on ${given}`)
  }
  return status
}

async function statusOn(
  options: SubjectOptions,
  genesisHash: Uint8Array
): Promise<RawStatus | undefined> {
  const bytes = suiteStatus(options.chainId, genesisHash)
  const asked = { protocol: 'status', what: 'a first status', bytes } as const
  const [content] = contentsOf(await withPeer(options, ({ ask }) => ask(asked)))
  return content && readRawStatus(content)
}

function genesisOf(status: Uint8Array | undefined): Uint8Array | undefined {
  return status?.length === STATUS_BYTES ? readRawStatus(status).genesisHash : undefined
}

async function genesisOfFirstBlock(options: SubjectOptions): Promise<Uint8Array | undefined> {
  const asked = {
    protocol: 'blocks_by_range',
    what: 'block 1',
    bytes: requests.range(1n, 1n)
  } as const
  return unlessNotRun(async () => {
    const [first] = messagesOf(await withPeer(options, ({ ask }) => ask(asked)))
    const payload = first?.block?.payload
    return payload?.blockNumber === 1n ? payload.parentHash : undefined
  })
}

/** A node may tell its status to a peer that has dialled it, too. */
async function genesisOfAskedPeer(options: SubjectOptions): Promise<Uint8Array | undefined> {
  const { chainId, patienceMs, target } = options
  const peer = await NodeListener.open({ chainId, patienceMs })
  try {
    const call = peer.nextCall('status', patienceMs)
    await peer.dial(target)
    return genesisOf((await call)?.bytes)
  } finally {
    await peer.stop()
  }
}

async function genesisOfStranger(options: SubjectOptions): Promise<Uint8Array | undefined> {
  for (let attempt = 1; attempt <= STRANGER_TRIES_MAX; attempt++) {
    const status = await unlessNotRun(() => statusOn(options, new Uint8Array(32)))
    if (status !== undefined) return status.genesisHash
  }
  return undefined
}

/** A source that gives nothing is no reason to end; a node that is away is. */
async function unlessNotRun<T>(run: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await run()
  } catch (thrown) {
    if (thrown instanceof NotRun && !(thrown instanceof NodeAway)) return undefined
    throw thrown
  }
}
