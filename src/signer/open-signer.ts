// Everything that signs, opened together and held for this process alone: key, lock, record.
import { type SignedRecordOptions, openSignedRecord, type SignedRecord } from './signed-record.ts'
import { type FileLock, lockFile, resolvePath } from './file-lock.ts'
import { readSigningKey, type SigningKey } from './key-file.ts'
import { type RecordBinding } from './record-format.ts'

/** Where key and record lie. */
export interface SignerFiles {
  readonly keyFile: string
  /** Undefined when the record is off. */
  readonly recordFile: string | undefined
}

/** The key and its record, both locked until `close`. */
export interface OpenSigner {
  readonly key: SigningKey
  readonly record: SignedRecord | undefined
  close(): Promise<void>
}

/**
 * Locks first, so that what is read cannot change any more. Throws SignerError: `signer-locked`,
 * `lock-failed` or what readSigningKey throws; a record that cannot be read is a finding, no error.
 */
export async function openSigner(
  { keyFile, recordFile }: SignerFiles,
  { chainId, genesisHash }: Pick<RecordBinding, 'chainId' | 'genesisHash'>,
  options: SignedRecordOptions = {}
): Promise<OpenSigner> {
  const locks: FileLock[] = []
  const unlock = async () => {
    for (const lock of locks.reverse()) await lock.release()
  }
  try {
    const key = await readSigningKey(keyFile)
    locks.push(await lockFile(keyFile))
    if (recordFile === undefined) return { key, record: undefined, close: unlock }
    const path = await resolvePath(recordFile)
    locks.push(await lockFile(path))
    const binding = { chainId, genesisHash, signer: key.address }
    const record = await openSignedRecord(path, binding, options)
    return {
      key,
      record,
      async close() {
        await record.close()
        await unlock()
      }
    }
  } catch (thrown) {
    await unlock()
    throw thrown
  }
}
