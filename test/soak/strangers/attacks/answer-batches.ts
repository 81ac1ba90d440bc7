// Batches of calls whose answers are large: logs, receipts, fee histories, blocks, the pool.
import { type Attack, type Target } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { batchText, postText } from '../support/http-client.ts'
import { makeLogBlock } from '../support/log-block.ts'

const STRANGERS = 10
const CALLS = 100
const PERCENTILES = Array.from({ length: 101 }, (_, percentile) => percentile)

/** Logs of a block that has 9,900. */
export const LOG_BATCHES: Attack = createBatches(
  'log-batches',
  `batches of ${String(CALLS)} eth_getLogs on a block with 9,900 logs`,
  async (target) => {
    const number = await makeLogBlock(target)
    return [batchText('eth_getLogs', [{ fromBlock: number, toBlock: number }], CALLS)]
  }
)

/** What else is large. */
export const ANSWER_BATCHES: Attack = createBatches(
  'answer-batches',
  `batches of ${String(CALLS)} receipts, fee histories, blocks and pool contents`,
  async (target) => {
    const number = await makeLogBlock(target)
    return [
      batchText('eth_getBlockReceipts', [number], CALLS),
      batchText('eth_feeHistory', ['0x400', 'latest', PERCENTILES], CALLS),
      batchText('eth_getBlockByNumber', [number, true], CALLS),
      batchText('txpool_content', [], CALLS),
      batchText('txpool_inspect', [], CALLS)
    ]
  }
)

function createBatches(
  name: string,
  title: string,
  makeTexts: (target: Target) => Promise<readonly string[]>
): Attack {
  return {
    name,
    group: 'http',
    title,
    sparesCaller: true,
    async run(target, tools) {
      const { signal, did } = tools
      const texts = await makeTexts(target)
      await crowd(tools, STRANGERS, async (stranger) => {
        const node = stranger % 4 === 3 ? pick(target.nodes, stranger) : target.nodes[0]!
        for (let count = 0; !signal.aborted; count++) {
          did('batches')
          const localAddress = strangerAddress(stranger)
          const text = pick(texts, count + stranger)
          const { bytesCount } = await postText(node.rpcUrl, text, { localAddress, signal })
          did('bytes read', bytesCount)
        }
      })
    }
  }
}
