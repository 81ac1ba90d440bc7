// Addresses of the other end of a connection: which are of this machine, and which count as one client.
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** A socket of IPv6 shows an address of IPv4 as ::ffff:10.0.0.1. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '')
}

/** True for an address of this machine alone. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address)
  if (isIPv4(plain)) return LOOPBACK.check(plain, 'ipv4')
  return isIPv6(plain) && LOOPBACK.check(plain, 'ipv6')
}

/** What stands for the client behind an address: of IPv6 the first 64 bits, since one client may have all of the rest. */
export function clientOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [start = '', end] = plain.toLowerCase().split('%')[0]!.split('::')
  const before = start.split(':').filter((group) => group !== '')
  const after = (end ?? '').split(':').filter((group) => group !== '')
  const zeros = end === undefined ? 0 : Math.max(8 - before.length - after.length, 0)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')
}
