// trie_nodes: nodes of the tries of one state by where they stand (README.md).
import { ByteListType, ContainerType, ListCompositeType } from '@chainsafe/ssz'
import { type ChunkCodec, type ProtocolDef } from '../protocol-def.ts'
import { assertVersionZero, bytes32, createContainerCodec, uint32 } from '../ssz-container.ts'
import { STATE_ANSWER_MAX_BYTES, TRIE_NODE_MAX_BYTES } from '../state-leaves.ts'

/** Where a node stands. */
export interface TriePath {
  /** The address hash whose storage trie it is in; zeros for the account trie. */
  readonly account: Uint8Array
  /** One nibble a byte, from the root down: 0 to 64. */
  readonly path: Uint8Array
}

/** The nodes at these places of a state, as far as they fit into `maxBytes`. */
export interface TrieNodesRequest {
  /** Of the state, 32 bytes. */
  readonly root: Uint8Array
  /** 1 to 1,024. */
  readonly paths: readonly TriePath[]
  /** Soft limit on the nodes' bytes in sum; u32. The first node comes whatever its size. */
  readonly maxBytes: number
}

/** An answer. */
export interface TrieNodes {
  /** RLP, one for each of the first paths; empty where no node stands that has one of its own. */
  readonly nodes: readonly Uint8Array[]
}

/** Most paths of one request. */
export const TRIE_PATHS_MAX = 1024
/** What a node counts beside its own bytes: its offset in the list. */
export const NODE_OVERHEAD_BYTES = 4

const PATH_NIBBLES_MAX = 64
const NIBBLE_MAX = 15
const FIXED_BYTES = 40
/** Its offset in the list, the account, the offset of the path, and the path. */
const TRIE_PATH_BYTES_MAX = 40 + PATH_NIBBLES_MAX
const CHUNK = 'TrieNodes'

const request = createContainerCodec(
  'TrieNodesRequest',
  new ContainerType({
    root: bytes32,
    paths: new ListCompositeType(
      new ContainerType({ account: bytes32, path: new ByteListType(PATH_NIBBLES_MAX) }),
      TRIE_PATHS_MAX
    ),
    maxBytes: uint32
  }),
  ({ paths }) => {
    const hasNibbles = paths.every(({ path }) => path.every((nibble) => nibble <= NIBBLE_MAX))
    return paths.length > 0 && hasNibbles ? undefined : 'paths'
  }
)

const codec = createContainerCodec(
  CHUNK,
  new ContainerType({
    nodes: new ListCompositeType(new ByteListType(TRIE_NODE_MAX_BYTES), TRIE_PATHS_MAX)
  }),
  ({ nodes }) => (nodes.length === 0 ? 'nodes' : undefined)
)

const chunk: ChunkCodec<TrieNodes> = {
  encode: ({ nodes }) => ({ version: 0, bytes: codec.encode({ nodes: [...nodes] }) }),
  decode(version, bytes) {
    assertVersionZero(CHUNK, version)
    return codec.decode(bytes)
  }
}

/** One chunk an answer. */
export const TRIE_NODES: ProtocolDef<TrieNodesRequest, TrieNodes> = {
  name: 'trie_nodes',
  version: 1,
  request,
  chunk,
  limits: {
    requestMaxBytes: FIXED_BYTES + TRIE_PATH_BYTES_MAX * TRIE_PATHS_MAX,
    chunkMaxBytes: STATE_ANSWER_MAX_BYTES,
    chunksMax: 1
  }
}
