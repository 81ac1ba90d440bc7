// Processor time of gas, kind by kind, and the longest piece that holds the event loop: ours against the library's EVM.
import { createEVM, type EVM } from '@ethereumjs/evm'
import { Address } from '@ethereumjs/util'
import { type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { createYielder } from '../../src/base/yielder.ts'
import { createBlockEvm, evmBlock } from '../../src/execution/block-context.ts'
import { createEvmCommon } from '../../src/execution/evm-rules.ts'
import { StateAdapter } from '../../src/execution/state-adapter.ts'
import { type StateView } from '../../src/state/state-view.ts'
import { EMPTY_ROOT } from '../../src/trie/trie.ts'
import { type Bench, benchLine } from './bench-line.ts'
import { CALLED, CALLED_CODE, type GasKind, gasKinds, hashedCode, RUNNER } from './gas-kinds.ts'

const GAS = 2_000_000n
/** It takes seconds for a tenth of that. Every kind has to do its work for less: out of gas says nothing of it. */
const LIBRARY_GAS = 400_000n
const SMALLEST_GAS = 30_000n
const CALLER: Hex = '0x00000000000000000000000000000000000a0001'
const common = createEvmCommon(901n)

/** A line for each kind; 1000 divided by its figure is what a processor does in a second, in million gas. */
export const worstGas: Bench = async function* ({ isSmallest, times }) {
  const gas = isSmallest ? SMALLEST_GAS : GAS
  for (const kind of isSmallest ? gasKinds().slice(0, 1) : gasKinds()) {
    const ours: number[] = []
    const baseline: number[] = []
    let longestMs = 0
    for (let time = 0; time < times; time++) {
      const run = await measure(kind, gas, (state) =>
        createBlockEvm({ common, state, blockHashes: () => undefined }, createYielder())
      )
      longestMs = Math.max(longestMs, run.longestMs)
      ours.push(run.msPerMgas)
      if (!kind.isInLibrary) continue
      const library = await measure(kind, isSmallest ? gas : LIBRARY_GAS, (stateManager) =>
        createEVM({ common, stateManager })
      )
      baseline.push(library.msPerMgas)
    }
    const size = `${kind.name}, longest piece ${longestMs.toFixed(1)} ms`
    yield benchLine(
      { bench: 'worst-gas', size, unit: 'CPU ms per Mgas', target: null },
      ours,
      baseline.length === 0 ? ours : baseline
    )
  }
}

async function measure(
  kind: GasKind,
  gasLimit: bigint,
  create: (state: StateAdapter) => Promise<EVM>
): Promise<{ readonly msPerMgas: number; readonly longestMs: number }> {
  const evm = await create(new StateAdapter(stateOf(kind)))
  const pieces = watchPieces()
  const startMs = cpuMs()
  const { execResult } = await evm.runCall({
    block: evmBlock(BLOCK),
    caller: new Address(hexToBytes(CALLER)),
    to: new Address(hexToBytes(RUNNER)),
    data: kind.calldata,
    gasLimit,
    skipBalance: true
  })
  const passedMs = cpuMs() - startMs
  const longestMs = await pieces.stop()
  return { msPerMgas: (1e6 * passedMs) / Number(execResult.executionGasUsed), longestMs }
}

const BLOCK = {
  number: 1n,
  timestamp: 1n,
  feeRecipient: new Uint8Array(20),
  gasLimit: 60_000_000n,
  baseFeePerGas: 1n,
  prevRandao: new Uint8Array(32)
}

/** The two contracts and nobody else. */
function stateOf(kind: GasKind): StateView {
  const contracts = [
    [RUNNER, kind.code],
    [CALLED, CALLED_CODE]
  ] as const
  const codes = new Map(contracts.map(([, bytes]) => [hashedCode(bytes), bytes]))
  const accounts = new Map(
    contracts.map(([address, bytes]) => {
      const account = { nonce: 1n, balance: 0n, codeHash: keccak256(bytes) }
      return [Buffer.from(keccak256(hexToBytes(address))).toString('hex'), account]
    })
  )
  return {
    root: '0x',
    account: (hash) => accounts.get(Buffer.from(hash).toString('hex')),
    slot: () => undefined,
    storageRoot: () => EMPTY_ROOT,
    code: (hash) => codes.get(`0x${Buffer.from(hash).toString('hex')}`),
    node: () => undefined
  }
}

/** Processor time between turns of the event loop; of other processes none counts. */
function watchPieces() {
  let longestMs = 0
  let seenMs = cpuMs()
  let turn = setImmediate(look)
  function look() {
    const nowMs = cpuMs()
    longestMs = Math.max(longestMs, nowMs - seenMs)
    seenMs = nowMs
    turn = setImmediate(look)
  }
  return {
    async stop() {
      await new Promise((resolve) => setImmediate(resolve))
      clearImmediate(turn)
      return longestMs
    }
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
