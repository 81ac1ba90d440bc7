// The block that `pending` names: the one after the head, before any transaction has run in it.
import { hexToBytes } from '../base/bytes.ts'
import { nextBaseFee } from '../chain/blocks/base-fee.ts'
import { type Block } from '../chain/blocks/block.ts'
import { EMPTY_NONCE, EMPTY_OMMERS_HASH, toBlock } from '../chain/blocks/header.ts'
import { extraDataForChild } from '../chain/blocks/holocene-extra.ts'
import { type PayloadAttributes } from '../execution/engine.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'

/** What a sequencer chooses of the block. */
export type PendingAttributes = Pick<
  PayloadAttributes,
  'timestamp' | 'prevRandao' | 'feeRecipient' | 'parentBeaconBlockRoot'
>

const EMPTY_BLOOM = new Uint8Array(256)

/**
 * Without transactions, and with the head's state root: to run the pool for whoever asks would cost a block's work for
 * each request. op-geth does not run it either, unless `--rollup.computependingblock` asks for it. Throws ChainError
 * `extra-data-invalid` as nextBaseFee does.
 */
export function pendingBlock({ hash, header }: Block, attributes: PendingAttributes): Block {
  const { timestamp, prevRandao, feeRecipient, parentBeaconBlockRoot } = attributes
  return toBlock(
    {
      ...header,
      parentHash: hexToBytes(hash),
      ommersHash: EMPTY_OMMERS_HASH,
      feeRecipient: hexToBytes(feeRecipient),
      transactionsRoot: EMPTY_ROOT,
      receiptsRoot: EMPTY_ROOT,
      logsBloom: EMPTY_BLOOM,
      number: header.number + 1n,
      gasUsed: 0n,
      timestamp,
      extraData: extraDataForChild(header.extraData),
      prevRandao,
      nonce: EMPTY_NONCE,
      baseFeePerGas: nextBaseFee(header),
      ...(header.parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot })
    },
    []
  )
}
