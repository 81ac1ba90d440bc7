// What is wrong with a signing key, its record or their lock, in words that say what to do.
import { type SignerFailure } from '../signer/signer-error.ts'

/** One sentence for an operator; it never quotes a key. */
export function describeSignerFailure(failure: SignerFailure): string {
  switch (failure.code) {
    case 'key-missing':
      return `${failure.path} is not there: write the key that signs blocks into it, or run rekindle init`
    case 'key-exists':
      return `${failure.path} is there already, and a key is never overwritten`
    case 'key-unreadable':
      return `${failure.path} cannot be read: ${failure.reason}`
    case 'key-unwritable':
      return `${failure.path} cannot be written: ${failure.reason}`
    case 'key-malformed':
      return `${failure.path} holds no key: ${failure.reason}`
    case 'key-permissions':
      return `${failure.path} may be read or changed by others (mode ${failure.mode}): chmod 600 ${failure.path}`
    case 'signer-locked':
      return `${failure.path} is in use by another process: two nodes with one key would sign twice`
    case 'lock-failed':
      return `${failure.path} cannot be locked: ${failure.reason}`
    case 'record-exists':
      return `${failure.path} is there already, and a record is never overwritten`
    case 'record-unreadable':
      return `the signed record ${failure.path} cannot be read: ${failure.reason}`
    case 'record-not-adopted':
      return `the signed record ${failure.path} is ${failure.finding}: nothing is signed before recovery adopted a head`
    case 'record-write-failed':
      return `the signed record ${failure.path} could not be written: ${failure.reason}`
    case 'record-broken':
      return `the signed record ${failure.path} is in doubt until the node starts again: ${failure.reason}`
    case 'height-already-signed':
      return `block ${failure.number} (${failure.hash}) is not above the last one that was signed, ${failure.lastNumber} (${failure.lastHash})`
    case 'release-refused':
      return `heights above ${failure.above} are not released: ${failure.reason}`
    case 'signature-not-ours':
      return `a signature of ${failure.got} came back, not one of ${failure.expected}`
  }
}
