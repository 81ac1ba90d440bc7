// A client that means well: asks the sequencer for a head and a balance twice a second, and notes how long it waits.
import { setTimeout as sleep } from 'node:timers/promises'
import { callRpc } from '../../../devnet/cluster/rpc-client.ts'

const EVERY_MS = 500

/** How long answers took; one that never came took as long as it was waited for. */
export interface CallerTimes {
  readonly elapsedMs: readonly number[]
  readonly failedCount: number
}

/** Calls until it is stopped. */
export class HonestCaller {
  readonly #stop = new AbortController()
  readonly #elapsedMs: number[] = []
  readonly #ended: Promise<void>
  #failedCount = 0

  constructor(rpcUrl: string, account: string) {
    this.#ended = this.#run(rpcUrl, account)
  }

  /** Resolves when the last call has ended. */
  async stop(): Promise<CallerTimes> {
    this.#stop.abort()
    await this.#ended
    return { elapsedMs: this.#elapsedMs, failedCount: this.#failedCount }
  }

  async #run(rpcUrl: string, account: string): Promise<void> {
    const call = { to: account, data: '0x', gas: '0x5208' }
    while (!this.#stop.signal.aborted) {
      await this.#time(() => callRpc(rpcUrl, 'eth_blockNumber'))
      await this.#time(() => callRpc(rpcUrl, 'eth_call', [call, 'latest']))
      await sleep(EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  async #time(call: () => Promise<unknown>): Promise<void> {
    const startedMs = performance.now()
    try {
      await call()
    } catch {
      this.#failedCount += 1 // refused, or nobody answered in time: the time counts all the same
    }
    this.#elapsedMs.push(performance.now() - startedMs)
  }
}
