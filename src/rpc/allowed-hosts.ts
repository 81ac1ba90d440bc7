// Under which names a server may be called: a web page that has a name of its own point here is not answered.
import { isIPv4, isIPv6 } from 'node:net'
import { isLoopback } from './addresses.ts'

/** True when a request with this Host header may be answered. */
export type HostCheck = (hostHeader: string) => boolean

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * The loopback names, the host that the server listens on, and `others`, of which `*` is any. A server that is not on
 * loopback alone may be called by every address besides, as geth has it (node.virtualHostHandler): through a mapped
 * port the address that was called is not one of ours, and no page can make an address point elsewhere, as it can a name.
 */
export function createHostCheck(host: string, others: readonly string[]): HostCheck {
  const allowed = new Set([...LOOPBACK_NAMES, ...[host, ...others].map(toHostName)])
  const isAny = allowed.has('*')
  const areAddressesAllowed = !isLoopback(host) && host.toLowerCase() !== 'localhost'
  return (hostHeader) => {
    const name = hostHeader.replace(/:\d+$/, '').toLowerCase()
    if (name === '') return false
    return isAny || allowed.has(name) || (areAddressesAllowed && isAddress(name))
  }
}

/** As it stands in a Host header: lower-case, an IPv6 address in brackets. */
function toHostName(name: string): string {
  return isIPv6(name) ? `[${name.toLowerCase()}]` : name.toLowerCase()
}

/** An address as it stands in a Host header. */
function isAddress(name: string): boolean {
  const bare = /^\[(.*)\]$/.exec(name)?.[1]
  return bare === undefined ? isIPv4(name) : isIPv6(bare)
}
