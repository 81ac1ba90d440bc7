// The vectors beside each protocol, and what tests of the wire contract ask of them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { ProtocolError, type ProtocolFailure } from '../../protocols/protocol-error.ts'
import { projectPath } from './project-root.ts'

/** Bytes that must be refused, and the failure this implementation names. */
export interface InvalidVector {
  readonly name: string
  readonly hex: string
  readonly failure: string
}

/** The parsed `vectors.json` of one folder of protocols/; the caller names its shape. */
export function readVectors(folder: string): unknown {
  return JSON.parse(
    readFileSync(projectPath('protocols', folder, 'vectors.json'), 'utf8')
  ) as unknown
}

/** 0x-hex of a vector to bytes. */
export function fromHex(hex: string): Uint8Array {
  assert.match(hex, /^0x(?:[0-9a-f]{2})*$/)
  return new Uint8Array(Buffer.from(hex.slice(2), 'hex'))
}

/** Bytes to the 0x-hex of a vector. */
export function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`
}

/** Asserts that `act` throws a ProtocolError with this code. */
export function assertFailure(act: () => unknown, code: string, name?: string): void {
  assert.equal(failureOf(act)?.code, code, name)
}

/** The failure that `act` throws; undefined when it does not throw. Anything but a ProtocolError passes through. */
export function failureOf(act: () => unknown): ProtocolFailure | undefined {
  try {
    act()
    return undefined
  } catch (thrown) {
    if (thrown instanceof ProtocolError) return thrown.failure as ProtocolFailure
    throw thrown
  }
}
