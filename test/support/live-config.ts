// The config of a node that runs inside a test.
import { type NodeConfig } from '../../src/config/node-config.ts'

/** What a test decides at least. */
type Given = Pick<NodeConfig, 'role' | 'dataDir' | 'genesisFile' | 'listen' | 'signer'>

/** All else as a lone node on loopback has it, on ports that are free; `given` may change that too. */
export function liveConfig(given: Given & Partial<NodeConfig>): NodeConfig {
  return {
    peerKeyFile: `${given.dataDir}.key`,
    advertise: [],
    peers: [],
    backups: [],
    quorum: 'auto',
    history: 8_192,
    signers: undefined,
    preset: 'op',
    blockTimeMs: undefined,
    feeRecipient: `0x${'00'.repeat(20)}`,
    gasLimit: undefined,
    rpc: { host: '127.0.0.1', port: 0 },
    rpcHosts: [],
    rpcCors: [],
    metrics: { host: '127.0.0.1', port: 0 },
    sequencerRpc: undefined,
    adminTokenFile: undefined,
    logLevel: 'error',
    oneStart: { startWithoutBackups: undefined, giveUpAbove: undefined },
    ...given
  }
}
