// Calls without any rights that cost as much as a call may: loops, estimates of loops, and precompiles.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import {
  blake2fInput,
  blsPairingInput,
  ENDLESS_LOOP,
  modexpInput,
  pairingInput,
  PRECOMPILE
} from '../support/evm-code.ts'
import { callText, postText } from '../support/http-client.ts'

const STRANGERS = 10
const BLAKE2F_ROUNDS = [50_000_000, 49_000_000, 30_000_000]
/** Nearly 50 million gas each. */
const PAIRS = 1_000
const BLS_PAIRS = 1_000
const MODEXP_BYTES = 1_024

interface CostlyCall {
  readonly method: 'eth_call' | 'eth_estimateGas'
  readonly call: { readonly to?: string; readonly data: string }
}

const blake2f = BLAKE2F_ROUNDS.map((rounds): CostlyCall => {
  return { method: 'eth_call', call: { to: PRECOMPILE.blake2f, data: blake2fInput(rounds) } }
})

/** The blake2 compression with up to 50 million rounds. */
export const BLAKE2F_CALLS: Attack = createCalls(
  'blake2f-calls',
  'calls of blake2f with 50 million rounds',
  blake2f
)

/** Ten at a time, for ever. */
export const ENDLESS_CALLS: Attack = createCalls('endless-calls', 'ten endless loops at a time', [
  { method: 'eth_call', call: { data: ENDLESS_LOOP } }
])

/** The same, estimated. */
export const ENDLESS_ESTIMATES: Attack = createCalls(
  'endless-estimates',
  'estimates of endless loops',
  [{ method: 'eth_estimateGas', call: { data: ENDLESS_LOOP } }]
)

/** Pairings of both curves, and the largest exponentiation. */
export const CURVE_CALLS: Attack = createCalls('curve-calls', 'calls of pairings and of modexp', [
  { method: 'eth_call', call: { to: PRECOMPILE.pairing, data: pairingInput(PAIRS) } },
  { method: 'eth_call', call: { to: PRECOMPILE.blsPairing, data: blsPairingInput(BLS_PAIRS) } },
  { method: 'eth_call', call: { to: PRECOMPILE.modexp, data: modexpInput(MODEXP_BYTES) } }
])

/** All strangers but every fourth are at the sequencer. */
function createCalls(name: string, title: string, calls: readonly CostlyCall[]): Attack {
  return {
    name,
    group: 'calls',
    title,
    sparesCaller: true,
    async run({ nodes }, tools) {
      const { signal, did } = tools
      await crowd(tools, STRANGERS, async (stranger) => {
        const node = stranger % 4 === 3 ? pick(nodes, stranger) : nodes[0]!
        for (let count = 0; !signal.aborted; count++) {
          const { method, call } = pick(calls, count + stranger)
          did('calls')
          const localAddress = strangerAddress(stranger)
          const text = callText(method, [call, 'latest'])
          const { status } = await postText(node.rpcUrl, text, { localAddress, signal })
          did(`answers of status ${String(status)}`)
        }
      })
    }
  }
}
