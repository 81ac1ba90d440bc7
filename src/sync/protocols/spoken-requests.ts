// Requests go to peers that answer them by their own word; configured peers are asked for more than that.
import { type ProtocolDef, protocolId } from '../../../protocols/protocol-def.ts'
import { RequestError } from '../../reqresp/request-error.ts'
import { type RequestChunks } from './asking.ts'
import { SERVED_PROTOCOLS } from './served-protocols.ts'

/** A protocol, whatever its values. */
export type NamedProtocol = Pick<ProtocolDef<never, never>, 'name' | 'version' | 'frame'>

/** What is known of peers. */
export interface SpokenDeps {
  readonly chainId: bigint
  /** By identify; undefined until it has come (net/spoken-protocols.ts). */
  readonly speaks: (peer: string, protocolId: string) => boolean | undefined
  /** Peers that an operator named. */
  readonly isConfigured: (peer: string) => boolean
}

/** Who speaks what. */
export interface Spoken {
  /** Undefined until the peer has said. */
  speaks(peer: string, protocol: NamedProtocol): boolean | undefined
  /**
   * True for a peer that may be asked. A configured one always may: the gate must not depend on what identify brought,
   * which is late, or as old as the moment in which the peer had begun to listen and served nothing yet.
   */
  isAsked(peer: string, protocol: NamedProtocol): boolean
  /** Names of the protocols that recovery needs and that the peer says it does not answer. */
  readonly unspoken: (peer: string) => readonly string[]
}

/** Without these a peer is of no use to recovery, or of less. */
const NEEDED_PROTOCOLS: readonly NamedProtocol[] = SERVED_PROTOCOLS.flatMap(({ def, isNeeded }) =>
  isNeeded ? [def] : []
)

/** Joins what a network knows to protocols. */
export function createSpoken({ chainId, speaks, isConfigured }: SpokenDeps): Spoken {
  const ofChain = (peer: string, protocol: NamedProtocol) =>
    speaks(peer, protocolId(protocol, chainId))
  return {
    speaks: ofChain,
    isAsked: (peer, protocol) => isConfigured(peer) || ofChain(peer, protocol) !== false,
    unspoken: (peer) =>
      NEEDED_PROTOCOLS.filter((protocol) => ofChain(peer, protocol) === false).map(
        ({ name }) => name
      )
  }
}

/** The same requests, but none to a peer that is not asked: RequestError `unsupported-protocol`, and no stream. */
export function requestsToSpeakers(
  request: RequestChunks,
  { isAsked }: Pick<Spoken, 'isAsked'>
): RequestChunks {
  return async function* (peer, protocol, question, signal) {
    if (!isAsked(peer, protocol)) {
      throw new RequestError({ code: 'unsupported-protocol', peer, protocol: protocol.name })
    }
    yield* request(peer, protocol, question, signal)
  }
}
