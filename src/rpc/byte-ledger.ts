// Bytes of memory that many holders share: when they run out, the holder of the most loses all of its bytes.

/** What one holder has of the shared bytes. */
export interface ByteLease {
  /** False when there is no room for that many more; what it holds stays as it is. */
  grow(bytes: number): boolean
  shrink(bytes: number): void
  /** Gives all back; nothing can be had afterwards. */
  release(): void
}

interface Holder {
  bytes: number
  readonly lose: () => void
}

/** A bound on bytes in memory. Each holder has `freeBytes` that count for nothing, so that small ones always fit. */
export class ByteLedger {
  readonly #totalMaxBytes: number
  readonly #freeBytes: number
  readonly #holders = new Set<Holder>()
  #total = 0

  constructor({
    totalMaxBytes,
    freeBytes
  }: {
    readonly totalMaxBytes: number
    readonly freeBytes: number
  }) {
    this.#totalMaxBytes = totalMaxBytes
    this.#freeBytes = freeBytes
  }

  /** Bytes held beyond what is free. */
  get totalBytes(): number {
    return this.#total
  }

  /** `lose` is called, at once, when the bytes are taken away for a holder of less. */
  lease(lose: () => void): ByteLease {
    const holder: Holder = { bytes: 0, lose }
    this.#holders.add(holder)
    return {
      grow: (bytes) => this.#holders.has(holder) && this.#grow(holder, bytes),
      shrink: (bytes) => {
        if (this.#holders.has(holder)) this.#set(holder, Math.max(holder.bytes - bytes, 0))
      },
      release: () => this.#release(holder)
    }
  }

  #grow(holder: Holder, bytes: number): boolean {
    const before = holder.bytes
    this.#set(holder, before + bytes)
    while (this.#total > this.#totalMaxBytes) {
      const largest = this.#largest()
      if (largest === undefined || largest === holder || largest.bytes <= holder.bytes) {
        this.#set(holder, before)
        return false
      }
      this.#release(largest)
      largest.lose()
    }
    return true
  }

  #largest(): Holder | undefined {
    let largest: Holder | undefined
    for (const holder of this.#holders) {
      if (holder.bytes > (largest?.bytes ?? 0)) largest = holder
    }
    return largest
  }

  #set(holder: Holder, bytes: number): void {
    this.#total += this.#counted(bytes) - this.#counted(holder.bytes)
    holder.bytes = bytes
  }

  #counted(bytes: number): number {
    return Math.max(bytes - this.#freeBytes, 0)
  }

  #release(holder: Holder): void {
    if (!this.#holders.delete(holder)) return
    this.#set(holder, 0)
  }
}
