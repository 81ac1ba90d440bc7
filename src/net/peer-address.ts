// Multiaddrs as operators write them: where to listen, and whom to dial under which peer id.
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'

/** A peer by id, and by address where it is dialled. */
export interface ParsedPeer {
  /** With /p2p/ and the peer id at its end, or that alone: see `isDialled`. */
  readonly multiaddr: string
  readonly peerId: string
}

/** A DNS name takes 253, a peer id about 60; what is longer is nobody's address, and is not said back. */
const TEXT_MAX_CHARS = 512

const HOST_NAMES = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']

/**
 * An address over TCP with a peer id at its end; or /p2p/ and the peer id alone, for a peer that dials us. Throws an
 * Error that says what is wrong.
 */
export function parsePeer(text: string): ParsedPeer {
  const components = parseComponents(text)
  const last = components.at(-1)
  if (last?.name !== 'p2p' || last.value === undefined) {
    throw new Error(
      'it must end in /p2p/ and the peer id, as in /ip4/10.0.0.1/tcp/9222/p2p/16Uiu2HA…'
    )
  }
  const peerId = parsePeerId(last.value)
  if (components.length === 1) return { multiaddr: `/p2p/${peerId}`, peerId }
  assertTcp(components.slice(0, -1))
  const port = Number(components[1]?.value)
  if (port === 0) throw new Error('port 0 cannot be dialled')
  return { multiaddr: multiaddr(text).toString(), peerId }
}

/** False for a peer that is known by its id alone: it has to dial. */
export function isDialled({ multiaddr }: Pick<ParsedPeer, 'multiaddr'>): boolean {
  return !multiaddr.startsWith('/p2p/')
}

/** An address over TCP that others can dial, without a peer id. Throws an Error that says what is wrong. */
export function parseAdvertised(text: string): string {
  const components = parseComponents(text)
  assertTcp(components)
  const [host, port] = components
  if (Number(port?.value) === 0) throw new Error('port 0 cannot be dialled')
  if (['0.0.0.0', '::'].includes(host?.value ?? '')) {
    throw new Error('it is every address of a machine, and none that can be dialled')
  }
  return multiaddr(text).toString()
}

/** An address over TCP to listen on; port 0 takes any that is free. Throws an Error that says what is wrong. */
export function parseListen(text: string): string {
  const components = parseComponents(text)
  assertTcp(components)
  if (!['ip4', 'ip6'].includes(components[0]?.name ?? '')) {
    throw new Error('an address to listen on is numeric: /ip4/… or /ip6/…')
  }
  return multiaddr(text).toString()
}

interface Component {
  readonly name: string
  readonly value?: string | undefined
}

function parsePeerId(text: string): string {
  try {
    return peerIdFromString(text).toString()
  } catch (thrown) {
    throw new Error(`${JSON.stringify(text)} is no peer id, as in 16Uiu2HA…`, { cause: thrown })
  }
}

function parseComponents(text: string): readonly Component[] {
  if (text.length > TEXT_MAX_CHARS) {
    throw new Error(`it has ${String(text.length)} characters, more than any address`)
  }
  if (!text.startsWith('/')) {
    throw new Error('it is no multiaddr, as in /ip4/127.0.0.1/tcp/9222')
  }
  return multiaddr(text).getComponents()
}

/** Host, TCP port, and nothing else. */
function assertTcp(components: readonly Component[]): void {
  const [host, transport, ...rest] = components
  const isTcp = HOST_NAMES.includes(host?.name ?? '') && transport?.name === 'tcp'
  if (!isTcp || rest.length > 0) {
    throw new Error('it must be a host and a TCP port, as in /ip4/127.0.0.1/tcp/9222')
  }
}
