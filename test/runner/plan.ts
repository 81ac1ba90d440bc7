// Which test files run in which process, and which processes run side by side.

/** Test files that one process runs, one after the other. */
export interface Batch {
  /** Folder of the files, and the batch's number where the folder has several. */
  readonly name: string
  readonly lane: LaneName
  /** Paths of sources from the project's root, `test/unit/base/bytes.test.ts`. */
  readonly files: readonly string[]
}

/** Processes of a lane share what is scarce: a computing one wants a core, a waiting one its clusters' time. */
export type LaneName = 'computing' | 'waiting'

interface Folder {
  readonly name: string
  readonly lane: LaneName
  /** A process loads modules for seconds: files that take less than that share one. */
  readonly filesPerBatch: number
}

/** The folders of test/ that hold tests; within a lane those that take longest begin. */
const FOLDERS: readonly Folder[] = [
  { name: 'e2e', lane: 'waiting', filesPerBatch: 1 },
  { name: 'conformance', lane: 'waiting', filesPerBatch: 1 },
  { name: 'interop', lane: 'waiting', filesPerBatch: 3 },
  { name: 'style', lane: 'computing', filesPerBatch: 16 },
  { name: 'property', lane: 'computing', filesPerBatch: 16 },
  { name: 'unit', lane: 'computing', filesPerBatch: 80 }
]

/** Files that take longest, in that order: begun last, one of them would run when all else has ended. */
export const LONGEST_FILES: readonly string[] = [
  'test/e2e/scenarios.test.ts',
  'test/e2e/bench.test.ts',
  'test/e2e/readme.test.ts',
  'test/e2e/command.test.ts',
  'test/e2e/state.test.ts',
  'test/conformance/broken-nodes.test.ts',
  'test/conformance/node.test.ts',
  'test/e2e/schedule.test.ts'
]

/** The names of the folders that hold tests. */
export const TEST_FOLDERS: readonly string[] = FOLDERS.map(({ name }) => name)

/** Splits the files by their folders, in the order in which they begin. A file outside of these folders is in no batch. */
export function planBatches(files: readonly string[]): readonly Batch[] {
  const batches = FOLDERS.flatMap(({ name, lane, filesPerBatch }) => {
    const own = files.filter((file) => file.startsWith(`test/${name}/`))
    const batchesCount = Math.ceil(own.length / filesPerBatch)
    // Neighbours are spread, so that one slow folder of unit tests is not one slow batch.
    return Array.from({ length: batchesCount }, (_, place) => ({
      name: batchesCount === 1 ? name : `${name} ${String(place + 1)} of ${String(batchesCount)}`,
      lane,
      files: own.filter((_, index) => index % batchesCount === place)
    }))
  })
  return batches.toSorted((one, other) => placeOf(one) - placeOf(other))
}

/** That of its longest file; after all of them without one. */
function placeOf({ files }: Batch): number {
  const places = files.map((file) => LONGEST_FILES.indexOf(file)).filter((place) => place >= 0)
  return Math.min(LONGEST_FILES.length, ...places)
}

/** What was asked for: files, or folders below test/, with or without `test/`; nothing: everything. */
export function selectFiles(
  all: readonly string[],
  asked: readonly string[]
): { readonly files: readonly string[]; readonly unknown: readonly string[] } {
  if (asked.length === 0) return { files: all, unknown: [] }
  const chosen = new Set<string>()
  const unknown: string[] = []
  for (const path of asked.map(toSourcePath)) {
    const found = all.filter((file) => file === path || file.startsWith(`${path}/`))
    if (found.length === 0) unknown.push(path)
    for (const file of found) chosen.add(file)
  }
  return { files: all.filter((file) => chosen.has(file)), unknown }
}

/** As an operator may write it: `unit`, `./test/unit/`, `dist/test/unit/a.test.js`. */
function toSourcePath(path: string): string {
  const trimmed = path
    .replace(/^[.][/]/, '')
    .replace(/^dist[/]/, '')
    .replace(/[/]$/, '')
  const source = trimmed.replace(/[.]js$/, '.ts')
  return source === 'test' || source.startsWith('test/') ? source : `test/${source}`
}
