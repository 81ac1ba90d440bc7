// The journal: layers come back as they were; cut at every byte or with every byte flipped, the longest prefix does.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJournal, journalOf } from '../../../src/state/journal-codec.ts'
import {
  createJournalledStore,
  findViewDifference,
  type JournalledStore,
  journalHash,
  openJournalledState
} from '../../support/journalled-state.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)

describe(`the journal (seed ${String(SEED)})`, () => {
  const directory = useTemporaryDirectory()
  const file = () => join(directory.path, 'layers')

  it('gives all layers back to the next process', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 20 })
    await made.journal.write()
    const { state, journal } = openJournalledState(made.store, directory.path)
    assert.deepEqual(await journal.takeIn(), { kind: 'taken', layersCount: 20, isWhole: true })
    assertSameUpTo(made, state, 20)
    const changes = { accounts: [], codes: [] }
    const next = await state.prepare(journalHash(20), changes)
    state.add(next, { number: 21n, hash: journalHash(21) })
    assert.equal(next.root, made.state.view(journalHash(20))?.root)
  })

  it('keeps forks side by side', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 3 })
    const side = await made.state.prepare(journalHash(1), { accounts: [], codes: [] })
    made.state.add(side, { number: 2n, hash: journalHash(77) })
    await made.journal.write()
    const { state, journal } = openJournalledState(made.store, directory.path)
    await journal.takeIn()
    assert.ok(state.isReadable(journalHash(77)) && state.isReadable(journalHash(3)))
    assert.equal(state.view(journalHash(77))?.root, made.state.view(journalHash(1))?.root)
  })

  it('is absent where none was written, and after it was discarded', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 2 })
    assert.deepEqual(await made.journal.takeIn(), { kind: 'absent' })
    await made.journal.write()
    await made.journal.discard()
    assert.deepEqual(await made.journal.takeIn(), { kind: 'absent' })
  })

  it('is set aside, never deleted, when the database stands for another block', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 4 })
    await made.journal.write()
    const bytes = await readFile(file())
    await made.state.flushAll(journalHash(2))
    await writeFile(file(), bytes) // a flush discards it: as if the process had died in between
    const { state, journal } = openJournalledState(made.store, directory.path)
    const finding = await journal.takeIn()
    assert.equal(finding.kind, 'unusable')
    assert.ok(!state.isReadable(journalHash(3)))
    const [name] = (await readdir(directory.path)).filter((one) => one.startsWith('set-aside-'))
    assert.deepEqual(await readFile(join(directory.path, name ?? '')), bytes)
    assert.deepEqual(await journal.takeIn(), { kind: 'absent' }, 'damage is reported once')
  })

  it('is replaced as a whole: a torn temporary file beside it is of no matter', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 2 })
    await made.journal.write()
    await writeFile(join(directory.path, 'layers.tmp'), 'half a jour')
    const next = openJournalledState(made.store, directory.path)
    assert.deepEqual(await next.journal.takeIn(), { kind: 'taken', layersCount: 2, isWhole: true })
    await next.journal.write()
    assert.deepEqual(await next.journal.takeIn(), { kind: 'taken', layersCount: 2, isWhole: true })
  })

  it('may be larger than a file that Node reads at once', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 3 })
    await made.journal.write()
    await truncate(file(), 3 * 2 ** 30) // a hole behind the records, which takes no room
    const { state, journal } = openJournalledState(made.store, directory.path)
    assert.deepEqual(await journal.takeIn(), { kind: 'taken', layersCount: 3, isWhole: false })
    assertSameUpTo(made, state, 3)
  })

  it('cut at every byte: the longest prefix that is whole, never a wrong state', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 4 })
    await made.journal.write()
    const bytes = await readFile(file())
    const ends = recordEnds(bytes)
    assert.equal(ends.length, 5)
    for (let length = 0; length < bytes.length; length++) {
      const decoded = await decodeJournal(journalOf(bytes.subarray(0, length)))
      const wholeCount = ends.filter((end) => end <= length).length - 1
      assert.equal(decoded.layers.length, Math.max(0, wholeCount), `cut at ${String(length)}`)
      assert.equal(decoded.disk === undefined, wholeCount < 0)
      assert.equal(decoded.damage === undefined, ends.includes(length))
    }
    for (const length of [...ends.slice(0, -1), ...ends.map((end) => end - 1)]) {
      await assertTakesPrefix(made, bytes.subarray(0, length))
    }
  })

  it('with every byte flipped in turn: the layers before it, never a wrong state', async () => {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: 3 })
    await made.journal.write()
    const bytes = await readFile(file())
    const ends = recordEnds(bytes)
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at]! ^= 1 << (at % 8)
      const { disk, layers, damage } = await decodeJournal(journalOf(flipped))
      const soundCount = ends.filter((end) => end <= at).length - 1
      assert.equal(layers.length, Math.max(0, soundCount), `flipped at ${String(at)}`)
      assert.equal(disk === undefined, soundCount < 0)
      assert.ok(damage !== undefined, 'the damage is seen')
      if (at % 97 === 0) await assertTakesPrefix(made, flipped)
    }
  })

  /** Opens the database with these bytes as its journal; whatever is readable must be right. */
  async function assertTakesPrefix(made: JournalledStore, bytes: Uint8Array): Promise<void> {
    await mkdir(directory.path, { recursive: true })
    await writeFile(file(), bytes)
    const { state, journal } = openJournalledState(made.store, directory.path)
    const finding = await journal.takeIn()
    const taken = finding.kind === 'taken' ? finding.layersCount : 0
    assertSameUpTo(made, state, taken)
    for (const hash of made.hashes.slice(taken + 1)) assert.ok(!state.isReadable(hash))
  }
})

function assertSameUpTo(
  { hashes, models }: JournalledStore,
  state: ReturnType<typeof openJournalledState>['state'],
  last: number
): void {
  for (const hash of hashes.slice(0, last + 1)) {
    assert.equal(findViewDifference(state.view(hash), models.get(hash)), undefined)
  }
}

/** Where the header ends, and where each record does; read by hand from the layout in the file's first lines. */
function recordEnds(bytes: Uint8Array): readonly number[] {
  const headerBytes = 4 + 8 + 32 + 32 + 4
  const ends = [headerBytes]
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (let offset = headerBytes; offset < bytes.length;) {
    offset += 4 + view.getUint32(offset) + 4
    ends.push(offset)
  }
  return ends
}
