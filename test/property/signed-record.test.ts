// Any life of a signed record, with restarts and torn writes, against a model of it in memory.
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { openSignedRecord, type SignedRecord } from '../../src/signer/signed-record.ts'
import { SignerError } from '../../src/signer/signer-error.ts'
import '../support/fast-check-seed.ts'

const BINDING = {
  chainId: 7n,
  genesisHash: `0x${'07'.repeat(32)}`,
  signer: `0x${'08'.repeat(20)}`
} as const
const KEPT_BLOCKS = 4
const OPTIONS = { keptBlocks: KEPT_BLOCKS, rewriteMinBytes: 1 }
const RUNS = 60

type Action =
  | { readonly do: 'sign'; readonly ahead: number; readonly branch: number; readonly size: number }
  | { readonly do: 'adopt'; readonly ahead: number; readonly branch: number }
  | { readonly do: 'release'; readonly back: number }
  | { readonly do: 'prune'; readonly unpersisted: number; readonly unreplicated: number }
  | { readonly do: 'reopen' }
  /** The process died while it wrote the last entry. */
  | { readonly do: 'tear'; readonly keptPart: number }

interface Entry {
  readonly hash: Hex
  /** Undefined for an adopted block. */
  readonly message: Uint8Array | undefined
}

const branch = fc.nat({ max: 2 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('sign' as const),
      ahead: fc.integer({ min: -2, max: 2 }).map((ahead) => (ahead === 0 ? 1 : ahead)),
      branch,
      size: fc.integer({ min: 66, max: 400 })
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('adopt' as const),
      ahead: fc.integer({ min: -1, max: 4 }),
      branch
    })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), back: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('prune' as const),
      unpersisted: fc.nat(2),
      unreplicated: fc.nat(3)
    })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tear' as const), keptPart: fc.nat(99) }) }
)

function hashOf(number: bigint, branchOfIt: number): Hex {
  return bytesToHex(keccak256(new TextEncoder().encode(`${number}/${branchOfIt}`)))
}

/** What the record must hold, kept in maps; and the record itself. */
class ModelledRecord {
  readonly #path: string
  #record: SignedRecord
  readonly #entries = new Map<bigint, Entry>()
  readonly #setAside = new Set<Hex>()
  /** Messages below may be gone. */
  #keptFrom = 0n
  #isTorn = false

  constructor(path: string, record: SignedRecord) {
    this.#path = path
    this.#record = record
  }

  get #tipNumber(): bigint | undefined {
    return [...this.#entries.keys()].at(-1)
  }

  async run(step: Action): Promise<void> {
    switch (step.do) {
      case 'sign':
        return this.#sign(step)
      case 'adopt':
        return this.#adopt(step)
      case 'release':
        return this.#release(step.back)
      case 'prune': {
        const tip = this.#tipNumber ?? 0n
        const persisted = tip - BigInt(step.unpersisted)
        const replicated = tip - BigInt(step.unreplicated)
        this.#notePruned(persisted, replicated - BigInt(KEPT_BLOCKS))
        return this.#record.prune({ persisted, replicated })
      }
      case 'reopen':
        return this.#reopen()
      case 'tear':
        return this.#tear(step.keptPart)
    }
  }

  check(): void {
    const tip = this.#tipNumber
    const last = tip === undefined ? undefined : this.#entries.get(tip)
    assert.equal(this.#record.tip?.number, tip)
    assert.equal(this.#record.tip?.hash, last?.hash)
    if (this.#isTorn) assert.equal(this.#record.finding().kind, 'torn')
    for (let number = 0n; number <= (tip ?? 0n) + 2n; number++) {
      const entry = this.#entries.get(number)
      assert.equal(this.#record.hashAt(number), entry?.hash)
      const message = this.#record.messageAt(number)?.message
      const mayBeDropped = number < this.#keptFrom && message === undefined
      if (!mayBeDropped) assert.deepEqual(message, entry?.message)
    }
    for (const hash of this.#setAside) assert.ok(this.#record.isSetAside(hash))
  }

  async close(): Promise<void> {
    await this.#record.close()
  }

  #notePruned(persisted: bigint, unneeded: bigint): void {
    const last = persisted < unneeded ? persisted : unneeded
    if (last >= this.#keptFrom) this.#keptFrom = last + 1n
  }

  async #sign({ ahead, branch: branchOfIt, size }: Action & { do: 'sign' }): Promise<void> {
    const tip = this.#tipNumber
    const number = (tip ?? 0n) + BigInt(ahead)
    if (number < 0n) return
    const hash = hashOf(number, branchOfIt)
    const message = new Uint8Array(size).fill(branchOfIt + 1)
    const before = this.#entries.get(number)
    const given = this.#record.append({ number, hash, version: 3, message }, () => undefined)
    if (tip === undefined || this.#isTorn) {
      await assert.rejects(given, SignerError)
    } else if (number > tip) {
      assert.equal(await given, message)
      this.#entries.set(number, { hash, message })
      this.#setAside.delete(hash)
    } else if (before?.hash === hash && before.message !== undefined) {
      // Given again while the message is kept.
      const again = await given.catch((thrown: unknown) => assert.ok(thrown instanceof SignerError))
      if (again !== undefined) assert.deepEqual(again, before.message)
    } else {
      await assert.rejects(given, SignerError)
    }
  }

  async #adopt({ ahead, branch: branchOfIt }: Action & { do: 'adopt' }): Promise<void> {
    const tip = this.#tipNumber
    const number = (tip ?? 0n) + BigInt(ahead)
    if (number < 0n) return
    const isTip = number === tip
    const hash = (isTip ? this.#entries.get(number)?.hash : undefined) ?? hashOf(number, branchOfIt)
    const adopting = this.#record.adopt({ number, hash })
    if (tip !== undefined && number <= tip && !isTip) {
      await assert.rejects(adopting, SignerError)
      return
    }
    await adopting
    if (!isTip) this.#entries.set(number, { hash, message: undefined })
    this.#setAside.delete(hash)
    this.#isTorn = false
  }

  async #release(back: number): Promise<void> {
    const tip = this.#tipNumber
    if (tip === undefined || this.#isTorn || back === 0) return
    const above = tip - BigInt(back)
    if (above < 0n) {
      await assert.rejects(this.#record.release(above, this.#entries.get(tip)!.hash), RangeError)
      return
    }
    await this.#record.release(above, this.#entries.get(tip)!.hash)
    for (const [number, { hash }] of [...this.#entries]) {
      if (number <= above) continue
      this.#entries.delete(number)
      this.#setAside.add(hash)
    }
  }

  async #reopen(): Promise<void> {
    await this.#record.close()
    this.#record = await openSignedRecord(this.#path, BINDING, OPTIONS)
  }

  /** Signs once more and cuts that entry short, as a crash does. */
  async #tear(keptPart: number): Promise<void> {
    const tip = this.#tipNumber
    if (tip === undefined || this.#isTorn) return
    const { size } = await stat(this.#path)
    const number = tip + 1n
    const message = new Uint8Array(100).fill(9)
    const torn = { number, hash: hashOf(number, 9), version: 3, message } as const
    await this.#record.append(torn, () => undefined)
    await this.#record.close()
    await truncate(this.#path, size + 1 + keptPart)
    this.#record = await openSignedRecord(this.#path, BINDING, OPTIONS)
    this.#isTorn = true
  }
}

describe('any life of a signed record', () => {
  it('holds what a model of it holds, after each step', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), async (steps) => {
        const directory = await mkdtemp(join(tmpdir(), 'rekindle-record-'))
        const path = join(directory, 'signed-record')
        const model = new ModelledRecord(path, await openSignedRecord(path, BINDING, OPTIONS))
        try {
          await model.run({ do: 'adopt', ahead: 0, branch: 0 })
          for (const step of steps) {
            await model.run(step)
            model.check()
          }
        } finally {
          await model.close()
          await rm(directory, { recursive: true })
        }
      }),
      { numRuns: RUNS }
    )
  })
})
