// Hash functions are passed in: the wire contract brings none of its own.

/** A hash of the bytes: keccak-256 or sha-256, 32 bytes, as the parameter's name says. */
export type HashFunction = (bytes: Uint8Array) => Uint8Array
