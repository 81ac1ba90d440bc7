// A stranger that speaks libp2p as it should, with a new key each time, connected to one node.
import { type Connection } from '@libp2p/interface'
import {
  dialNode,
  startSuiteHost,
  stopSuiteHost,
  type SuiteHost,
  type SuiteHostOptions
} from '../../../../protocols/conformance/suite-host.ts'
import { type TargetNode } from '../attack.ts'
import { strangerAddress } from './crowd.ts'

/** A connected stranger. */
export interface StrangerPeer {
  readonly host: SuiteHost
  readonly connection: Connection
}

/** Runs with a connected peer of a new key, which is gone afterwards. */
export async function withStranger(
  node: Pick<TargetNode, 'multiaddr'>,
  stranger: number,
  work: (peer: StrangerPeer) => Promise<void>,
  options: Pick<SuiteHostOptions, 'privateKey' | 'register'> = {}
): Promise<void> {
  const host = await startSuiteHost({
    ...options,
    localAddress: strangerAddress(stranger)
  })
  try {
    await work({ host, connection: await dialNode(host, node.multiaddr) })
  } finally {
    await stopSuiteHost(host)
  }
}
