// Whole nodes in this process, over real TCP and real databases, that can be stopped and started anew.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { type Genesis, parseGenesis } from '../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'
import { parsePeer } from '../../src/net/peer-address.ts'
import { generatePeerKey, type PeerKey } from '../../src/net/peer-key.ts'
import { createNode, type RunningNode } from '../../src/node/node.ts'
import { type NodeConfig } from '../../src/config/node-config.ts'
import { createSigningKey } from '../../src/signer/key-file.ts'

const CHAIN_ID = 901
import { liveConfig } from './live-config.ts'

/** One node's identity and place; it may be started more than once. */
export interface LiveNode {
  readonly name: string
  readonly peerKey: PeerKey
  /** With its peer id. */
  readonly multiaddr: string
  readonly dataDir: string
}

/** A node while it runs. */
export interface StartedNode {
  readonly node: RunningNode
  /** What a JSON-RPC method without parameters answers. */
  call(method: string, params?: readonly unknown[]): Promise<unknown>
  stop(): Promise<void>
}

/** A chain whose sequencer's key lies in the directory. */
export interface LiveChain {
  readonly genesis: Genesis
  place(name: string): Promise<LiveNode>
  start(
    live: LiveNode,
    config: Pick<NodeConfig, 'role'> & Partial<NodeConfig>,
    log?: Log
  ): Promise<StartedNode>
  /** Stops whatever still runs. */
  stopAll(): Promise<void>
}

/** Writes key and genesis. One block a second; those of the `agoSeconds` before now are built at once. */
export async function createLiveChain(
  directory: string,
  { agoSeconds = 0 }: { readonly agoSeconds?: number } = {}
): Promise<LiveChain> {
  const keyFile = join(directory, 'signing.key')
  const { address } = await createSigningKey(keyFile)
  const genesisFile = join(directory, 'genesis.json')
  const text = sampleGenesisText({
    chainId: CHAIN_ID,
    signer: address,
    fundedAccounts: [],
    timestamp: Math.floor(Date.now() / 1000) - agoSeconds,
    blockTimeMs: 1000
  })
  await writeFile(genesisFile, text)
  const genesis = parseGenesis(text)
  const started = new Set<StartedNode>()
  return {
    genesis,
    async place(name) {
      const [port] = await chooseFreePorts(1)
      const peerKey = await generatePeerKey()
      await mkdir(join(directory, name))
      const multiaddr = `/ip4/127.0.0.1/tcp/${String(port)}/p2p/${peerKey.peerId}`
      return { name, peerKey, multiaddr, dataDir: join(directory, name, 'data') }
    },
    async start({ peerKey, multiaddr, dataDir }, changes, log = silentLog) {
      const signer =
        changes.role === 'sequencer' ? { keyFile, recordFile: `${dataDir}.record` } : undefined
      const listen = multiaddr.slice(0, multiaddr.indexOf('/p2p/'))
      const config = liveConfig({ dataDir, genesisFile, listen, signer, ...changes })
      const { signers, blockTimeMs } = genesis.config
      const inputs = { config, genesis, peerKey, adminToken: undefined, signers, blockTimeMs }
      const node = await createNode(inputs, { log })
      const ending = new AbortController()
      const done = node.run(ending.signal)
      const one: StartedNode = {
        node,
        call: (method, params = []) => call(node.rpcUrl, method, params),
        async stop() {
          if (!started.delete(one)) return
          ending.abort()
          await done
        }
      }
      started.add(one)
      return one
    },
    async stopAll() {
      await Promise.all([...started].map((one) => one.stop()))
    }
  }
}

/** How a config names the node. */
export function peerOf({ multiaddr }: LiveNode): ReturnType<typeof parsePeer> {
  return parsePeer(multiaddr)
}

async function call(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  const answer = (await response.json()) as { readonly result?: unknown; readonly error?: unknown }
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error))
  return answer.result
}
