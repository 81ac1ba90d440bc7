// JSON-RPC and health of one node: each port of rpc/ joined to the folder that has it.
import { type Hex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { nextBaseFee } from '../chain/blocks/base-fee.ts'
import { isForkActive } from '../chain/blocks/forks.ts'
import { CallRunner } from '../execution/calls.ts'
import { createAdminAccess } from '../rpc/admin-access.ts'
import { adminMethods, type AdminPort } from '../rpc/admin-methods.ts'
import { ChainFeed } from '../rpc/chain-feed.ts'
import { BlockTexts } from '../rpc/block-texts.ts'
import { decodeFees, decodeTransaction } from '../rpc/decode-transaction.ts'
import { Filters } from '../rpc/filters.ts'
import { createForwarder, type ForwardTransaction } from '../rpc/forward.ts'
import { type HttpServer, METRICS_HTTP_LIMITS, RPC_HTTP_LIMITS } from '../rpc/http-host.ts'
import { startHttpServer } from '../rpc/http-server.ts'
import { type MetricValues, startMetricsServer } from '../rpc/metrics-server.ts'
import { createMethodTable } from '../rpc/method-table.ts'
import { operatorMethods } from '../rpc/operator-methods.ts'
import { outputMethods } from '../rpc/output-methods.ts'
import { pendingBlock } from '../rpc/pending-block.ts'
import { type RpcChain, type RpcNode, type RpcPool, type RpcState } from '../rpc/ports.ts'
import { serverError } from '../rpc/rpc-error.ts'
import { SubscriptionHub } from '../rpc/subscriptions.ts'
import { nextAttributes } from '../sequencer/payload-attributes.ts'
import { toTransactionError } from '../rpc/transaction-errors.ts'
import { type ChainParts } from './chain-parts.ts'
import { type NodeConfig } from '../config/node-config.ts'
import { type FileBudget } from './file-limit.ts'
import { describeHealth, describeNode, joinedShare, type NodeStatusDeps } from './node-status.ts'
import { stageValues } from '../report/stage-values.ts'
import { createOperatorPort, type OperatorPartsDeps } from './operator-parts.ts'

/** What JSON-RPC is joined to. */
export interface RpcPartsDeps extends OperatorPartsDeps {
  readonly log: Log
  readonly admin: AdminPort
  readonly adminToken: string | undefined
  readonly files: Pick<FileBudget, 'rpcConnectionsMax'>
}

/** Starts the server. Throws HttpError. */
export async function startRpc(deps: RpcPartsDeps): Promise<HttpServer> {
  const { config, chain, log, recovery } = deps
  const { common, applier, stores } = chain
  const { role, sequencerRpc } = config
  const forward = sequencerRpc === undefined ? undefined : createForwarder(sequencerRpc)
  const calls = new CallRunner({
    chainId: deps.chainId,
    blockHashes: (number) => stores.blocks.canonicalHash(number)
  })
  const feed = new ChainFeed()
  applier.onHead((block) => feed.addHead(block))
  const endFeed = chain.pool.onAdded(({ hash }) => feed.addTransaction(hash))
  const sources = {
    feed,
    chain: rpcChain(chain, config.feeRecipient),
    state: rpcState(chain),
    node: rpcNode(deps),
    pool: rpcPool(chain),
    decode: (raw: Uint8Array) => decodeTransaction(raw, common),
    texts: new BlockTexts()
  }
  const table = createMethodTable({
    ...sources,
    filters: new Filters(feed, systemClock),
    calls,
    traces: calls,
    decodeFees,
    nextBaseFee: () => nextBaseFee(applier.head().header),
    send: (raw, signal) => sendTransaction(chain, { role, forward }, { raw, signal })
  })
  const { forks } = deps.genesis.config
  const outputs = outputMethods({
    ...sources,
    isForkActive: (fork, timestamp) => isForkActive(forks, fork, timestamp),
    version: deps.version
  })
  const operators = operatorMethods(createOperatorPort(deps))
  const methods = new Map([...table, ...Object.entries({ ...operators, ...outputs })])
  const admin = createAdminAccess({
    methods,
    adminMethods: new Map(Object.entries(adminMethods(deps.admin))),
    token: deps.adminToken
  })
  const health = () =>
    describeHealth(deps.standing(), recovery(), config, stores.state.flushProgress)
  const { rpcHosts: allowedHosts, rpcCors: allowedOrigins } = config
  const address = { ...config.rpc, allowedHosts, allowedOrigins }
  const subscriptions = new SubscriptionHub(sources)
  const served = { methods, admin, log, health, subscriptions }
  const server = await startHttpServer(served, address, {
    ...RPC_HTTP_LIMITS,
    connectionsMax: deps.files.rpcConnectionsMax
  })
  return {
    ...server,
    async close() {
      endFeed()
      await server.close()
      await calls.close()
    }
  }
}

/** Starts `/metrics`. Throws HttpError. */
export async function startMetrics(
  deps: NodeStatusDeps & { readonly files: Pick<FileBudget, 'metricsConnectionsMax'> }
): Promise<HttpServer> {
  const { config, chain, claims, roster, recovery, connected } = deps
  const { stores, pool } = chain
  const toNumber = (number: bigint | undefined) =>
    number === undefined ? undefined : Number(number)
  const read = (): MetricValues => {
    const now = recovery()
    const standing = deps.standing()
    const { pending, queued } = pool.counts()
    const mending = stores.state.mending()
    return {
      head_number: Number(standing.headNumber),
      head_age_seconds: standing.headAgeMs / 1_000,
      behind_blocks: Number(standing.behindCount),
      ready: Number(standing.kind === 'ready'),
      syncing: Number(!standing.isCaughtUp),
      accepted_number: toNumber(stores.accepted.highestAccepted()?.number),
      replicated_number: toNumber(claims.replicatedHead(roster.ids())),
      gate_open: config.role === 'sequencer' ? Number(now.gate.kind === 'open') : undefined,
      recovering: Number(standing.kind === 'recovering'),
      join_share: standing.says === 'joining' ? joinedShare(standing, now) : undefined,
      ...stageValues(now.stages),
      conflicts: now.conflicts.length,
      peers: connected().length,
      named_peers_connected: standing.namedConnectedCount,
      pool_pending: pending,
      pool_queued: queued,
      state_layers: stores.state.layersCount,
      state_entries_mended: mending.mendedCount,
      state_entries_damaged: mending.unmendedCount
    }
  }
  const connectionsMax = deps.files.metricsConnectionsMax
  return startMetricsServer(read, config.metrics, { ...METRICS_HTTP_LIMITS, connectionsMax })
}

function rpcChain({ applier, times, stores: { blocks } }: ChainParts, feeRecipient: Hex): RpcChain {
  const rules = { times, feeRecipient, gasLimit: undefined }
  return {
    head: () => applier.head(),
    pending() {
      const head = applier.head()
      return pendingBlock(head, nextAttributes(head, 0, rules).attributes)
    },
    blockByNumber: (number) => blocks.blockByNumber(number),
    oldestBlock: () => blocks.history().oldestBlock,
    blockByHash: (hash) => blocks.blockByHash(hash),
    receipts: (hash) => blocks.storedReceipts(hash),
    transactionLocation: (hash) => blocks.transactionLocation(hash)
  }
}

function rpcState({ stores: { state } }: ChainParts): RpcState {
  return {
    view: (hash) => state.view(hash),
    oldestReadable: () => state.diskPoint()?.number
  }
}

function rpcPool({ pool }: ChainParts): RpcPool {
  return {
    get: (hash) => pool.get(hash)?.raw,
    pendingNonce: (address) => pool.pendingNonce(address),
    counts: () => pool.counts(),
    content: () => pool.content(),
    contentFrom: (address) => pool.contentFrom(address)
  }
}

function rpcNode(deps: NodeStatusDeps): RpcNode {
  const { config, recovery, connected } = deps
  return {
    chainId: deps.chainId,
    clientVersion: `rekindle/v${deps.version}/${process.platform}-${process.arch}/node${process.versions.node}`,
    status: () => describeNode(deps),
    peerCount: () => connected().length,
    gateShut() {
      const standing = deps.standing()
      if (standing.kind !== 'recovering') return undefined
      return { ...describeHealth(standing, recovery(), config) }
    },
    syncing() {
      const { isCaughtUp, headNumber, behindCount, startingNumber } = deps.standing()
      if (isCaughtUp) return undefined
      const highestBlock = headNumber + behindCount
      return { startingBlock: startingNumber, currentBlock: headNumber, highestBlock }
    }
  }
}

/** A sequencer pools, a backup passes on; both answer with the transaction's hash. */
async function sendTransaction(
  { pool }: ChainParts,
  {
    role,
    forward
  }: Pick<NodeConfig, 'role'> & { readonly forward: ForwardTransaction | undefined },
  { raw, signal }: { readonly raw: Uint8Array; readonly signal: AbortSignal }
): Promise<string> {
  if (role === 'sequencer') {
    try {
      return pool.add(raw).hash
    } catch (thrown) {
      throw toTransactionError(thrown)
    }
  }
  if (forward !== undefined) return forward(raw, signal)
  throw serverError('this backup takes no transactions: sequencerRpc is not set')
}
