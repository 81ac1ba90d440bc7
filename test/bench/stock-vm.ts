// The baseline of execution: @ethereumjs/vm as it comes, with its crypto and state manager, on LevelDB.
import assert from 'node:assert/strict'
import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMPT } from '@ethereumjs/mpt'
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP } from '@ethereumjs/tx'
import { ValueEncoding } from '@ethereumjs/util'
import { createVM, runBlock, type VM } from '@ethereumjs/vm'
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { type HashedNodes } from './hashed-nodes.ts'

/** Executes a chain's blocks; root, receipts, bloom and gas of each are checked by the library itself. */
export class StockVm {
  readonly #vm: VM

  constructor(vm: VM) {
    this.#vm = vm
  }

  /** On the state of `head`, whose nodes are there. */
  static async open(nodes: HashedNodes, head: Block, chainId: bigint): Promise<StockVm> {
    const chain = { ...Mainnet, chainId: Number(chainId) }
    const common = new Common({ chain, hardfork: Hardfork.Prague })
    const trie = await createMPT({
      db: nodes,
      root: hexToBytes(head.stateRoot),
      useKeyHashing: true,
      valueEncoding: ValueEncoding.Bytes,
      common
    })
    const stateManager = new MerkleStateManager({ common, trie, caches: new Caches() })
    return new StockVm(await createVM({ common, stateManager }))
  }

  /** One block after the last, on disk when it resolves. Throws when it does not come to what its header says. */
  async run(block: Block): Promise<void> {
    const { common } = this.#vm
    const { feeRecipient, transactionsRoot, receiptsRoot, prevRandao, ...header } = block.header
    const parsed = createBlock(
      {
        header: {
          ...header,
          uncleHash: header.ommersHash,
          coinbase: feeRecipient,
          transactionsTrie: transactionsRoot,
          receiptTrie: receiptsRoot,
          mixHash: prevRandao
        },
        transactions: block.transactions.map((raw) => createTxFromRLP(raw, { common })),
        withdrawals: []
      },
      { common }
    )
    assert.equal(bytesToHex(parsed.hash()), block.hash)
    // Its withdrawals root is that of an account's storage here, which the library's own check does not know.
    const { receipts } = await runBlock(this.#vm, { block: parsed, skipBlockValidation: true })
    assert.equal(receipts.length, block.transactions.length)
  }
}
