// A genesis file that is sound, changed one field at a time, and what is said of it.
import assert from 'node:assert/strict'
import { ChainError, type GenesisProblem } from '../../../src/chain/blocks/chain-error.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'

/** Addresses, a slot and a value of it. */
export const ADDRESS = '0x00000000000000000000000000000000000000a1'
export const OTHER = '0x00000000000000000000000000000000000000b2'
export const SLOT = `0x${'0'.repeat(63)}1`
export const WORD = `0x${'0'.repeat(62)}2a`

/** Fields of a JSON object. */
export type Json = Readonly<Record<string, unknown>>

const FORKS: Json = {
  regolithTime: 0,
  canyonTime: 0,
  ecotoneTime: 0,
  fjordTime: 0,
  graniteTime: 0,
  holoceneTime: 0,
  isthmusTime: 0
}

const REKINDLE: Json = { blockTimeMs: 1000, signers: [{ fromBlock: 0, address: ADDRESS }] }
/** The `config` of the sound file. */
export const CONFIG: Json = { chainId: 901, ...FORKS, rekindle: REKINDLE }
const FILE: Json = {
  config: CONFIG,
  timestamp: '0x65',
  gasLimit: 30_000_000,
  extraData: '0x00000000fa00000006',
  alloc: { [ADDRESS]: { balance: '7' } }
}

/** The file with fields changed; undefined takes one away. */
export function withFile(change: Json): string {
  return JSON.stringify({ ...FILE, ...change })
}

/** The same for its `config`. */
export function withConfig(change: Json): string {
  return withFile({ config: { ...CONFIG, ...change } })
}

/** The same for `config.rekindle`. */
export function withRekindle(change: Json): string {
  return withConfig({ rekindle: { ...REKINDLE, ...change } })
}

/** The file with one account. */
export function withAccount(account: unknown): string {
  return withFile({ alloc: { [ADDRESS]: account } })
}

/** What parseGenesis says of the text; nothing when it is sound. */
export function problemsOf(text: string): readonly GenesisProblem[] {
  try {
    parseGenesis(text)
  } catch (thrown) {
    assert.ok(thrown instanceof ChainError, String(thrown))
    assert.ok(thrown.failure.code === 'genesis-invalid', thrown.failure.code)
    return thrown.failure.problems
  }
  return []
}
