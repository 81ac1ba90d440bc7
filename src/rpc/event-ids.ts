// Names of filters and subscriptions: random, so that nobody reads or ends those of others.
import { randomBytes } from 'node:crypto'
import { type Hex } from '../base/bytes.ts'

const ID_BYTES = 16

/** 16 random bytes as a quantity, as geth has them (rpc.NewID). */
export function newEventId(): Hex {
  return `0x${BigInt(`0x${randomBytes(ID_BYTES).toString('hex')}`).toString(16)}`
}
