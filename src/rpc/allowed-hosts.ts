// Under which names a server may be called: a web page that has a name of its own point here is not answered.
import { BlockList, isIP, isIPv6 } from 'node:net'
import { plainAddress } from './addresses.ts'

/** True when a request with this Host header, on a connection to this address of ours, may be answered. */
export type HostCheck = (hostHeader: string, localAddress: string | undefined) => boolean

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

const UNSPECIFIED = new BlockList()
UNSPECIFIED.addAddress('0.0.0.0', 'ipv4')
UNSPECIFIED.addAddress('::', 'ipv6')

/**
 * The loopback names, the host that the server listens on, and `others`. One that listens on all addresses may be
 * called by each of them, on a connection that goes there: an address cannot be made to point elsewhere, as a name can.
 */
export function createHostCheck(host: string, others: readonly string[]): HostCheck {
  const allowed = new Set([...LOOPBACK_NAMES, ...[host, ...others].map(toHostName)])
  const isOnAll = isUnspecified(host)
  return (hostHeader, localAddress) => {
    const name = hostHeader.replace(/:\d+$/, '').toLowerCase()
    if (allowed.has(name)) return true
    return isOnAll && localAddress !== undefined && name === toHostName(plainAddress(localAddress))
  }
}

/** As it stands in a Host header: lower-case, an IPv6 address in brackets. */
function toHostName(name: string): string {
  return isIPv6(name) ? `[${name.toLowerCase()}]` : name.toLowerCase()
}

function isUnspecified(host: string): boolean {
  const family = isIP(host)
  return family !== 0 && UNSPECIFIED.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
