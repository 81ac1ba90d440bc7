// Many values in few pieces of memory: V8 sweeps ArrayBuffers one by one, and stops the process until it is through.

/** A piece of memory; a value that does not fit gets one of its own. */
const PIECE_BYTES = 2 ** 20
/** Slots are whole steps long, so that a value which replaces another mostly fits into its slot. */
const STEP_BYTES = 32
const PIECE_STEPS = PIECE_BYTES / STEP_BYTES
/** Before each value: its length, little-endian. */
const LENGTH_BYTES = 4

/** Where a value lies. */
export type Slot = number

/** Values of any length. What was taken out leaves its slot to a later value of about its length. */
export class ValueSlots {
  readonly #pieces: (Uint8Array | undefined)[] = []
  /** Free slots by their steps: at most `PIECE_STEPS` lists, and all of them together no more than the pieces hold. */
  readonly #free = new Map<number, Slot[]>()
  #piece = -1
  #endStep = PIECE_STEPS

  /** Copies the value in. */
  add(value: Uint8Array): Slot {
    const steps = stepsOf(value.length)
    const slot = steps > PIECE_STEPS ? this.#ownPiece(steps) : this.#freeSlot(steps)
    this.#write(slot, value)
    return slot
  }

  /** Puts a value in the place of another one. */
  replace(slot: Slot, value: Uint8Array): Slot {
    if (stepsOf(this.#lengthAt(slot)) === stepsOf(value.length)) {
      this.#write(slot, value)
      return slot
    }
    this.remove(slot)
    return this.add(value)
  }

  remove(slot: Slot): void {
    const steps = stepsOf(this.#lengthAt(slot))
    const slots = this.#free.get(steps)
    if (steps > PIECE_STEPS) this.#pieces[pieceOf(slot)] = undefined
    else if (slots === undefined) this.#free.set(steps, [slot])
    else slots.push(slot)
  }

  lengthOf(slot: Slot): number {
    return this.#lengthAt(slot)
  }

  /** A copy that stays as it is. */
  copy(slot: Slot): Uint8Array {
    return this.view(slot).slice()
  }

  /** The memory itself: good until a value is put in or taken out. */
  view(slot: Slot): Uint8Array {
    const start = startOf(slot) + LENGTH_BYTES
    return this.#pieceOf(slot).subarray(start, start + this.#lengthAt(slot))
  }

  #freeSlot(steps: number): Slot {
    const free = this.#free.get(steps)?.pop()
    if (free !== undefined) return free
    if (this.#endStep + steps > PIECE_STEPS) {
      this.#piece = this.#pieces.push(new Uint8Array(PIECE_BYTES)) - 1
      this.#endStep = 0
    }
    const slot = this.#piece * PIECE_STEPS + this.#endStep
    this.#endStep += steps
    return slot
  }

  #ownPiece(steps: number): Slot {
    return (this.#pieces.push(new Uint8Array(steps * STEP_BYTES)) - 1) * PIECE_STEPS
  }

  #write(slot: Slot, value: Uint8Array): void {
    const piece = this.#pieceOf(slot)
    const start = startOf(slot)
    const { length } = value
    piece[start] = length
    piece[start + 1] = length >>> 8
    piece[start + 2] = length >>> 16
    piece[start + 3] = length >>> 24
    piece.set(value, start + LENGTH_BYTES)
  }

  #lengthAt(slot: Slot): number {
    const piece = this.#pieceOf(slot)
    const start = startOf(slot)
    const high = (piece[start + 3]! << 24) | (piece[start + 2]! << 16)
    return (high | (piece[start + 1]! << 8) | piece[start]!) >>> 0
  }

  #pieceOf(slot: Slot): Uint8Array {
    const piece = this.#pieces[pieceOf(slot)]
    if (piece === undefined) throw new RangeError(`no value in slot ${String(slot)}`)
    return piece
  }
}

function stepsOf(valueLength: number): number {
  return Math.ceil((LENGTH_BYTES + valueLength) / STEP_BYTES)
}

function pieceOf(slot: Slot): number {
  return Math.floor(slot / PIECE_STEPS)
}

function startOf(slot: Slot): number {
  return (slot % PIECE_STEPS) * STEP_BYTES
}
