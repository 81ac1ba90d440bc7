// Records of a made-up chain, and a file system that fails where a test wants it to.
import assert from 'node:assert/strict'
import { type FileHandle } from 'node:fs/promises'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type BlockRef } from '../../../src/chain/blocks/block.ts'
import { type RecordDisk, systemDisk } from '../../../src/signer/record-file.ts'
import { type RecordBinding } from '../../../src/signer/record-format.ts'
import {
  openSignedRecord,
  type RecordedBlock,
  type SignedRecord,
  type SignedRecordOptions
} from '../../../src/signer/signed-record.ts'
import { SignerError, type SignerFailure } from '../../../src/signer/signer-error.ts'

export const BINDING: RecordBinding = {
  chainId: 901n,
  genesisHash: `0x${'0a'.repeat(32)}`,
  signer: `0x${'5e'.repeat(20)}`
}

/** Passes always. */
export const passes = () => undefined

export function hashOf(number: bigint, branch = 0): Hex {
  return bytesToHex(keccak256(new TextEncoder().encode(`${number}/${branch}`)))
}

export function ref(number: bigint, branch = 0): BlockRef {
  return { number, hash: hashOf(number, branch) }
}

/** A block whose message of `messageBytes` bytes is like no other's. */
export function block(number: bigint, { branch = 0, messageBytes = 24 } = {}): RecordedBlock {
  const hash = hashOf(number, branch)
  const message = new Uint8Array(messageBytes).fill(Number(number & 0xffn))
  message.set(new TextEncoder().encode(hash).subarray(0, messageBytes))
  return { number, hash, version: 3, message }
}

export async function openRecord(
  path: string,
  options: SignedRecordOptions = {}
): Promise<SignedRecord> {
  return openSignedRecord(path, BINDING, options)
}

/** Runs `use` on the record at `path` and closes it. */
export async function withRecord<T>(
  path: string,
  use: (record: SignedRecord) => T | Promise<T>,
  options: SignedRecordOptions = {}
): Promise<T> {
  const record = await openRecord(path, options)
  try {
    return await use(record)
  } finally {
    await record.close()
  }
}

/** A record that adopted block 0 and signed 1 to `last`. */
export async function writeRecord(path: string, last: bigint): Promise<void> {
  await withRecord(path, async (record) => {
    await record.adopt(ref(0n))
    for (let number = 1n; number <= last; number++) await record.append(block(number), passes)
  })
}

/** Matches a SignerError by its whole failure, or by its code. */
export function failsWith(expected: SignerFailure | SignerFailure['code']) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof SignerError, String(thrown))
    if (typeof expected === 'string') assert.equal(thrown.failure.code, expected)
    else assert.deepEqual(thrown.failure, expected)
    return true
  }
}

/** What a write to the disk was about to do. */
export type DiskStep = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'rm'

/** The machine's disk, but for the steps at which `fail` returns an error. A failing write writes half. */
export function createFaultyDisk(fail: (step: DiskStep) => Error | undefined): RecordDisk {
  const failAt = (step: DiskStep) => {
    const error = fail(step)
    if (error !== undefined) throw error
  }
  return {
    stat: (path) => systemDisk.stat(path),
    async open(path, flags, mode) {
      if (flags !== 'r') failAt('open')
      return wrapHandle(await systemDisk.open(path, flags, mode), fail)
    },
    async rename(from, to) {
      failAt('rename')
      await systemDisk.rename(from, to)
    },
    async rm(path, options) {
      failAt('rm')
      await systemDisk.rm(path, options)
    }
  }
}

function wrapHandle(handle: FileHandle, fail: (step: DiskStep) => Error | undefined): FileHandle {
  const write = async (bytes: Uint8Array, offset: number, length: number, position: number) => {
    const error = fail('write')
    if (error === undefined) return handle.write(bytes, offset, length, position)
    await handle.write(bytes, offset, length >> 1, position)
    throw error
  }
  const failing = { write, sync: failingCall('sync'), truncate: failingCall('truncate') }
  function failingCall(step: 'sync' | 'truncate') {
    return async (length?: number) => {
      const error = fail(step)
      if (error !== undefined) throw error
      await (step === 'sync' ? handle.sync() : handle.truncate(length))
    }
  }
  return new Proxy(handle, {
    get(target, name) {
      if (Object.hasOwn(failing, name)) return failing[name as keyof typeof failing]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
}
