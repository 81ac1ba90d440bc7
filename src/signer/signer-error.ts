// What can go wrong with the signing key, its lock, the signed record and a signature.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'

/** One closed union for the folder. Paths are those of files; key bytes are in none of them. */
export type SignerFailure =
  | { readonly code: 'key-missing'; readonly path: string }
  | { readonly code: 'key-exists'; readonly path: string }
  | { readonly code: 'key-unreadable'; readonly path: string; readonly reason: string }
  | { readonly code: 'key-unwritable'; readonly path: string; readonly reason: string }
  | { readonly code: 'key-malformed'; readonly path: string; readonly reason: string }
  /** `mode` in octal digits. */
  | { readonly code: 'key-permissions'; readonly path: string; readonly mode: string }
  /** Another process uses the file. */
  | { readonly code: 'signer-locked'; readonly path: string }
  | { readonly code: 'lock-failed'; readonly path: string; readonly reason: string }
  | { readonly code: 'record-exists'; readonly path: string }
  | { readonly code: 'record-unreadable'; readonly path: string; readonly reason: string }
  /** Nothing is signed before recovery has adopted a head into the record (src/recovery/README.md, "Decisions"). */
  | { readonly code: 'record-not-adopted'; readonly path: string; readonly finding: string }
  | {
      readonly code: 'height-already-signed'
      readonly number: bigint
      readonly hash: Hex
      /** What stands at that height; undefined when the height was passed over. */
      readonly signedHash: Hex | undefined
      readonly lastNumber: bigint
      readonly lastHash: Hex
    }
  | {
      readonly code: 'release-refused'
      readonly above: bigint
      readonly reason: 'nothing-above' | 'not-the-last' | 'too-many'
    }
  /** Not written, and nothing of it is left in the file: the same may be tried again. */
  | { readonly code: 'record-write-failed'; readonly path: string; readonly reason: string }
  /** What is on disk is not known any more; only a restart, which reads the file anew, helps. */
  | { readonly code: 'record-broken'; readonly path: string; readonly reason: string }
  /** The signature is not one of the configured key. */
  | { readonly code: 'signature-not-ours'; readonly expected: Hex; readonly got: Hex }

/** Thrown by every function of the folder; `cause` keeps what the system said. */
export class SignerError extends NodeError<SignerFailure> {}
