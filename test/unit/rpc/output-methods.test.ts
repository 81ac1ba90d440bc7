// Output roots: op-node's shape, hashed anew by hand, from the header since Isthmus and from the state ahead of it.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { MESSAGE_PASSER } from '../../../src/chain/genesis/genesis-block.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { outputMethods } from '../../../src/rpc/output-methods.ts'
import { ExecutionChain, executionGenesis } from '../../support/execution-chain.ts'
import { word } from '../../support/execution-code.ts'
import { answerValue } from '../../support/rpc-answer.ts'
import { type Reply } from './rpc-chain.ts'

const ZERO: Hex = `0x${'00'.repeat(32)}`

/** A chain of three blocks, of which block 1 has lost its state; `isthmusAt` is the height of the fork. */
async function open(isthmusAt: bigint) {
  const storage = { [word(1)]: word(1) }
  const chain = await ExecutionChain.open(executionGenesis({ [MESSAGE_PASSER]: { storage } }))
  const blocks: Block[] = [chain.head]
  for (let count = 0; count < 2; count++) blocks.push((await chain.extend([])).block)
  const isthmusTime = blocks[0]!.header.timestamp + isthmusAt
  const methods = new Map(
    Object.entries(
      outputMethods({
        chain: {
          head: () => chain.head,
          pending: () => chain.head,
          blockByNumber: (number) => blocks[Number(number)],
          oldestBlock: () => 1n,
          blockByHash: (hash) => blocks.find((block) => block.hash === hash),
          receipts: () => undefined,
          transactionLocation: () => undefined
        },
        node: { gateShut: () => undefined },
        state: {
          view: (hash) => (hash === blocks[1]!.hash ? undefined : chain.state.view(hash)),
          oldestReadable: () => 2n
        },
        isForkActive: (fork, timestamp) => fork === 'isthmus' && timestamp >= isthmusTime,
        version: '1.2.3'
      })
    )
  )
  const ask = async (method: string, ...params: readonly unknown[]) =>
    (await answerValue({ methods }, { jsonrpc: '2.0', id: 1, method, params })) as Reply
  return { ask, blocks, chain }
}

describe('optimism_outputAtBlock', () => {
  for (const [what, isthmusAt] of [
    ['since Isthmus', 0n],
    ['ahead of Isthmus', 9n]
  ] as const) {
    it(`has the output root and what it is made of, ${what}`, async () => {
      const { ask, blocks, chain } = await open(isthmusAt)
      const { hash, stateRoot, parentHash, header } = blocks[2]!
      const passer = bytesToHex(chain.view().storageRoot(keccak256(hexToBytes(MESSAGE_PASSER))))
      // An empty trie's root would be no test.
      assert.notEqual(passer, bytesToHex(keccak256(Uint8Array.of(0x80))))
      const { result } = await ask('optimism_outputAtBlock', '0x2')
      const { syncStatus, ...output } = result as Record<string, unknown>
      const preimage = [ZERO, stateRoot, passer, hash].map((part) => part.slice(2)).join('')
      assert.deepEqual(output, {
        version: ZERO,
        outputRoot: bytesToHex(keccak256(hexToBytes(`0x${preimage}`))),
        blockRef: {
          hash,
          number: 2,
          parentHash,
          timestamp: Number(header.timestamp),
          l1origin: { hash: ZERO, number: 0 },
          sequenceNumber: 0
        },
        withdrawalStorageRoot: passer,
        stateRoot
      })
      assert.deepEqual((syncStatus as Record<string, unknown>).unsafe_l2, output.blockRef)
    })
  }
  it('needs the state of a block ahead of Isthmus, and no state since', async () => {
    const since = await open(0n)
    const { result } = await since.ask('optimism_outputAtBlock', '0x1')
    assert.equal((result as { stateRoot: Hex }).stateRoot, since.blocks[1]!.stateRoot)
    const { error } = await (await open(9n)).ask('optimism_outputAtBlock', '0x1')
    assert.deepEqual(error, {
      code: -32000,
      message: 'state of block 1 is not available; the oldest is 2'
    })
  })
  it('refuses a block that is not there, and what is no height', async () => {
    const { ask } = await open(0n)
    const { error } = await ask('optimism_outputAtBlock', '0x3')
    assert.deepEqual(error, { code: -32000, message: 'block not found' })
    for (const params of [[], ['latest'], ['0x10000000000000000'], ['0x1', '0x1']]) {
      assert.equal((await ask('optimism_outputAtBlock', ...params)).error?.code, -32602)
    }
  })
})

describe('optimism_version', () => {
  it("has op-node's form", async () => {
    const { ask } = await open(0n)
    assert.equal((await ask('optimism_version')).result, 'v1.2.3-rekindle')
  })
})
