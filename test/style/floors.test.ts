// Who may import whom: the table of src/README.md, and the rules between the top folders.
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import {
  filesUnder,
  type Problem,
  problemLines,
  type ProjectFile,
  readProjectFiles
} from './project-files.ts'
import { importsOf } from './syntax.ts'

const TOP_FOLDERS = ['src', 'protocols', 'devnet', 'test']

/** Where the top folders may import from, themselves apart. `bin` holds the bundles, which are started by their path. */
const TOP_FOLDER_SOURCES: Readonly<Record<string, readonly string[]>> = {
  protocols: [],
  src: ['protocols'],
  devnet: ['src', 'protocols', 'bin'],
  test: ['src', 'protocols', 'devnet', 'bin']
}

/** libp2p and what belongs to it. In src/ and protocols/ only LIBP2P_FOLDERS import these. */
const LIBP2P_PACKAGE =
  /^(libp2p|@libp2p\/.+|@chainsafe\/libp2p-.+|@multiformats\/.+|multiformats|it-.+|uint8arraylist)(\/.*)?$/
const LIBP2P_FOLDERS = ['src/net/', 'protocols/conformance/']

/** A program of its own, with its own tests: the node and its protocols do without it. */
const CONFORMANCE_FOLDER = 'protocols/conformance/'

/** Other implementations to check ours against: in the node they would check themselves. */
const ORACLE_PACKAGE =
  /^(@ethereumjs\/(vm|mpt|statemanager)|ethers|@lodestar\/.+|fast-check|mocha)(\/.*)?$/

/** The floor of each folder and file of src/, from the table of its README. */
function readFloors(readme: string): ReadonlyMap<string, number> {
  const floors = new Map<string, number>()
  for (const line of readme.split('\n')) {
    const [, floor, names] = /^\| (\d+) \| ([^|]+) \|/.exec(line) ?? []
    for (const [, name] of names?.matchAll(/`([^`]+)`/g) ?? []) {
      floors.set(name!.replace(/\/$/, ''), Number(floor))
    }
  }
  return floors
}

/** The inner folders of each folder that has some, lowest first, from the second table of the same README. */
function readRooms(readme: string): ReadonlyMap<string, readonly string[]> {
  const rooms = new Map<string, readonly string[]>()
  for (const line of readme.split('\n')) {
    const [, folder, names] = /^\| `([\w/]+\/)` \| ([^|]*←[^|]*) \|/.exec(line) ?? []
    if (folder === undefined || names === undefined) continue
    rooms.set(
      folder,
      Array.from(names.matchAll(/`(\w+)\/`/g), ([, name]) => name!)
    )
  }
  return rooms
}

/** What the table of one README allows. */
interface Plan {
  readonly floors: ReadonlyMap<string, number>
  readonly rooms: ReadonlyMap<string, readonly string[]>
}

function readPlan(readme: string): Plan {
  return { floors: readFloors(readme), rooms: readRooms(readme) }
}

/** Everything that one file's imports do against the rules. */
function checkFile(file: ProjectFile, plan: Plan): readonly Problem[] {
  return importsOf(file).flatMap(({ specifier, line }) => {
    const problem = checkImport(file.path, specifier, plan)
    return problem === undefined ? [] : [{ path: `${file.path}:${line}`, problem }]
  })
}

function checkImport(path: string, specifier: string | undefined, plan: Plan): string | undefined {
  const [top = ''] = path.split('/')
  if (specifier === undefined) {
    return top === 'test' ? undefined : 'imports what it computes, which nothing can check'
  }
  if (!specifier.startsWith('.')) return checkPackage(path, specifier)
  const target = posix.join(posix.dirname(path), specifier)
  const [targetTop = ''] = target.split('/')
  const isOutside = top !== 'test' && !path.startsWith(CONFORMANCE_FOLDER)
  if (isOutside && target.startsWith(CONFORMANCE_FOLDER)) {
    return `imports ${target}: the conformance suite is imported by its tests alone`
  }
  if (targetTop === top) {
    const onFloor = top === 'src' ? checkFloor(path, target, plan.floors) : undefined
    return onFloor ?? checkRoom(path, target, plan.rooms)
  }
  const isAllowed = TOP_FOLDER_SOURCES[top]?.includes(targetTop) === true
  return isAllowed ? undefined : `${top}/ imports ${target}`
}

function checkPackage(path: string, specifier: string): string | undefined {
  if (/^(#|\/|rekindle(\/|$)|[a-z]+:(?<!node:))/.test(specifier)) {
    return `imports ${specifier}: ours by its relative path, others by their package`
  }
  const isNodeCode = path.startsWith('src/') || path.startsWith('protocols/')
  const knowsLibp2p = LIBP2P_FOLDERS.some((folder) => path.startsWith(folder))
  if (isNodeCode && LIBP2P_PACKAGE.test(specifier) && !knowsLibp2p) {
    return `imports ${specifier}: only ${LIBP2P_FOLDERS.join(' and ')} know libp2p`
  }
  const isProof = path.startsWith('test/') || path.startsWith(CONFORMANCE_FOLDER)
  if (!isProof && ORACLE_PACKAGE.test(specifier)) {
    return `imports ${specifier}, which is for tests only`
  }
  return undefined
}

function checkFloor(
  path: string,
  target: string,
  floors: ReadonlyMap<string, number>
): string | undefined {
  const [own, other] = [path, target].map((inSrc) => inSrc.split('/')[1] ?? '')
  if (own === other && path.split('/').length > 2) return undefined
  const [ownFloor, otherFloor] = [floors.get(own!), floors.get(other!)]
  if (ownFloor === undefined) return `${own} has no floor in src/README.md`
  if (otherFloor === undefined) return `imports ${other}, which has no floor in src/README.md`
  if (otherFloor < ownFloor) return undefined
  return `${own} (floor ${ownFloor}) imports ${other} (floor ${otherFloor})`
}

/** An inner folder imports those named before it; the files beside the inner folders import all of them. */
function checkRoom(path: string, target: string, rooms: Plan['rooms']): string | undefined {
  for (const [folder, names] of rooms) {
    if (!path.startsWith(folder) || !target.startsWith(folder)) continue
    const [own, other] = [path, target].map((one) => roomOf(one, folder))
    if (own === other) continue
    const place = (room: string | undefined) =>
      room === undefined ? names.length : names.indexOf(room)
    if (place(own) < 0) return `${folder}${own!}/ has no place in src/README.md`
    if (place(other) > place(own)) return `${own!}/ imports ${other ?? target}, which lies above it`
  }
  return undefined
}

/** Undefined for a file that lies in the folder itself. */
function roomOf(path: string, folder: string): string | undefined {
  const [room, ...rest] = path.slice(folder.length).split('/')
  return rest.length === 0 ? undefined : room
}

/** Folders of src/ that the tables leave out, and lines of the tables that stand for nothing. */
function checkTable(files: readonly ProjectFile[], { floors, rooms }: Plan): readonly Problem[] {
  const present = new Set(filesUnder(files, ['src']).map(({ path }) => path.split('/')[1]!))
  const parts = filesUnder(files, ['src', 'devnet']).map(({ path }) => path.split('/'))
  const inner = new Set(
    parts.flatMap(([top, ...rest]) => {
      if (top === 'devnet') return rest.length > 1 ? [`devnet/ ${rest[0]!}`] : []
      return rest.length > 2 ? [`src/${rest[0]!}/ ${rest[1]!}`] : []
    })
  )
  const named = new Set(
    [...rooms].flatMap(([folder, names]) => names.map((name) => `${folder} ${name}`))
  )
  return [
    ...[...inner]
      .filter((room) => !named.has(room))
      .map((room) => ({ path: room.replace(' ', ''), problem: 'has no place in src/README.md' })),
    ...[...named]
      .filter((room) => !inner.has(room))
      .map((room) => ({
        path: 'src/README.md',
        problem: `names ${room.replace(' ', '')}, which is not there`
      })),
    ...[...present]
      .filter((name) => !floors.has(name))
      .map((name) => ({ path: `src/${name}`, problem: 'has no floor in src/README.md' })),
    ...[...floors.keys()]
      .filter((name) => !present.has(name))
      .map((name) => ({ path: 'src/README.md', problem: `names ${name}, which is not there` }))
  ]
}

/** The first import cycle through each file that has one, types included. */
function checkCycles(files: readonly ProjectFile[]): readonly Problem[] {
  const graph = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .flatMap(({ specifier }) => (specifier?.startsWith('.') === true ? [specifier] : []))
        .map((specifier) => posix.join(posix.dirname(file.path), specifier))
    ])
  )
  const done = new Set<string>()
  const problems: Problem[] = []
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      problems.push({ path, problem: `cycle: ${[...trail.slice(start), path].join(' > ')}` })
    } else if (!done.has(path)) {
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
      done.add(path)
    }
  }
  for (const path of graph.keys()) visit(path, [])
  return problems
}

/** Index files hide who imports whom; the package has one, for its users. */
function checkIndexFiles(files: readonly ProjectFile[]): readonly Problem[] {
  return files
    .filter(({ path }) => /(^|\/)index[.][a-z]+$/.test(path) && path !== 'src/index.ts')
    .filter(({ path }) => /[.][cm]?[jt]s$/.test(path))
    .map(({ path }) => ({ path, problem: 'is an index file; import what is meant' }))
}

describe('imports', () => {
  const files = readProjectFiles()
  const sources = filesUnder(files, TOP_FOLDERS)
  const plan = readPlan(files.find(({ path }) => path === 'src/README.md')?.text ?? '')

  it('go down the floors of src/README.md and stay within what each top folder may import', () => {
    assert.deepEqual(problemLines(sources.flatMap((file) => checkFile(file, plan))), [])
  })
  it('form no cycle', () => {
    assert.deepEqual(problemLines(checkCycles(sources)), [])
  })
  it('go through no index file but the package’s own', () => {
    assert.deepEqual(problemLines(checkIndexFiles(files)), [])
  })
  it('have a floor for every folder of src/, and a place for every inner one', () => {
    assert.deepEqual(problemLines(checkTable(files, plan)), [])
  })
})

describe('the guard of imports', () => {
  const plan = readPlan(
    ['| floor | folder | owns |', '|---|---|---|', '| 0 | `base/` | x |', '| 1 | `store/` | `y/` |']
      .concat([
        '| `src/trie/` | `low/` ← `high/` | beside |',
        '| 1 | `trie/` | x |',
        '| 7 | `net/` | x |',
        '| 9 | `cli.ts`, `index.ts` | x |'
      ])
      .join('\n')
  )

  it('reads the table', () => {
    assert.deepEqual(Object.fromEntries(plan.floors), {
      base: 0,
      store: 1,
      trie: 1,
      net: 7,
      'cli.ts': 9,
      'index.ts': 9
    })
  })

  for (const [path, text] of [
    ['src/store/a.ts', "import { b } from '../base/b.ts'"],
    ['src/store/a.ts', "import { b } from './b.ts'"],
    ['src/store/deep/a.ts', "import { b } from '../b.ts'"],
    ['src/trie/high/a.ts', "import { b } from '../low/b.ts'"],
    ['src/trie/a.ts', "import { b } from './high/b.ts'"],
    ['src/trie/low/a.ts', "import { b } from './b.ts'"],
    ['src/store/a.ts', "import { x } from '../../protocols/x.ts'"],
    ['src/cli.ts', "import { x } from './net/x.ts'"],
    ['src/net/a.ts', "import { createLibp2p } from 'libp2p'"],
    ['src/base/a.ts', "import { readFile } from 'node:fs/promises'"],
    ['src/base/a.ts', "new URL('page.html', import.meta.url)"],
    ['devnet/a.ts', "import { x } from '../src/net/x.ts'"],
    ['devnet/a.ts', "new URL('../bin/rekindle.js', import.meta.url)"],
    ['devnet/a.ts', "import { createLibp2p } from 'libp2p'"],
    ['protocols/conformance/a.ts', "import { createLibp2p } from 'libp2p'"],
    ['test/conformance/a.ts', "import { x } from '../../protocols/conformance/x.ts'"],
    [
      'test/unit/a.test.ts',
      "import { x } from '../../devnet/x.ts'; import { VM } from '@ethereumjs/vm'"
    ]
  ] as const) {
    it(`lets ${path} write ${text}`, () => {
      assert.deepEqual(checkFile({ path, text }, plan), [])
    })
  }

  for (const [path, text, expected] of [
    [
      'src/base/a.ts',
      "import { x } from '../store/x.ts'",
      /base \(floor 0\) imports store \(floor 1\)/
    ],
    ['src/store/a.ts', "import { x } from '../trie/x.ts'", /store \(floor 1\) imports trie/],
    ['src/store/a.ts', "import type { X } from '../trie/x.ts'", /imports trie/],
    ['src/store/a.ts', "import { type X } from '../trie/x.ts'", /imports trie/],
    ['src/store/a.ts', "export { x } from '../trie/x.ts'", /imports trie/],
    ['src/store/a.ts', "export * from '../trie/x.ts'", /imports trie/],
    ['src/store/a.ts', "import '../trie/x.ts'", /imports trie/],
    ['src/store/a.ts', "await import('../trie/x.ts')", /imports trie/],
    ['src/store/a.ts', 'await import(`../trie/x.ts`)', /imports trie/],
    ['src/store/a.ts', "let x: import('../trie/x.ts').X", /imports trie/],
    ['src/store/a.ts', "let x: typeof import('../trie/x.ts')", /imports trie/],
    ['src/store/a.ts', "require('../trie/x.ts')", /imports trie/],
    ['src/store/a.ts', "new Worker(new URL('../trie/x.ts', import.meta.url))", /imports trie/],
    ['src/store/a.ts', '/// <reference path="../trie/x.ts" />', /imports trie/],
    [
      'src/trie/low/a.ts',
      "import { x } from '../high/x.ts'",
      /low\/ imports high, which lies above/
    ],
    [
      'src/trie/high/a.ts',
      "import { x } from '../x.ts'",
      /high\/ imports src\/trie\/x.ts, which lies above/
    ],
    ['src/trie/new/a.ts', "import { x } from '../low/x.ts'", /src\/trie\/new\/ has no place/],
    ['src/store/a.ts', 'await import(name)', /computes/],
    ['src/cli.ts', "import { x } from './index.ts'", /cli.ts \(floor 9\) imports index.ts/],
    ['src/store/a.ts', "import { x } from '../cli.ts'", /imports cli.ts/],
    ['src/store/a.ts', "import { x } from '../common/x.ts'", /common, which has no floor/],
    ['src/common/a.ts', "import { x } from '../base/x.ts'", /common has no floor/],
    ['src/store/a.ts', "import { x } from '../../devnet/x.ts'", /src\/ imports devnet\/x.ts/],
    ['src/store/a.ts', "new URL('../../bin/x.js', import.meta.url)", /src\/ imports bin\/x.js/],
    ['src/store/a.ts', "import { x } from '../../test/support/x.ts'", /src\/ imports test/],
    ['protocols/a/b.ts', "import { x } from '../../src/base/x.ts'", /protocols\/ imports src/],
    ['devnet/a.ts', "import { x } from '../test/support/x.ts'", /devnet\/ imports test/],
    ['test/a.ts', "import { x } from '../package.ts'", /test\/ imports package.ts/],
    ['src/store/a.ts', "import { x } from 'rekindle/protocols/x.js'", /by its relative path/],
    ['src/store/a.ts', "import { x } from 'file:///x.js'", /by its relative path/],
    [
      'src/rpc/a.ts',
      "import { createLibp2p } from 'libp2p'",
      /only src\/net\/ and protocols\/conformance\/ know libp2p/
    ],
    ['src/rpc/a.ts', "import { peerIdFromString } from '@libp2p/peer-id'", /know libp2p/],
    ['src/rpc/a.ts', "import { gossipsub } from '@chainsafe/libp2p-gossipsub'", /know libp2p/],
    ['src/rpc/a.ts', "import { multiaddr } from '@multiformats/multiaddr'", /know libp2p/],
    ['protocols/a.ts', "import { pipe } from 'it-pipe'", /know libp2p/],
    ['protocols/a/b.ts', "import { x } from '../conformance/x.ts'", /by its tests alone/],
    ['src/net/a.ts', "import { x } from '../../protocols/conformance/x.ts'", /by its tests alone/],
    ['src/net/a.ts', "import { VM } from '@ethereumjs/vm'", /for tests only/],
    ['devnet/checks/a.ts', "import { ssz } from '@lodestar/types/deneb'", /for tests only/],
    ['devnet/checks/a.ts', "import { ethers } from 'ethers'", /for tests only/],
    ['protocols/a.ts', "import fc from 'fast-check'", /for tests only/]
  ] as const) {
    it(`does not let ${path} write ${text}`, () => {
      const [line, ...more] = problemLines(checkFile({ path, text }, plan))
      assert.match(line ?? '', expected)
      assert.deepEqual(more, [])
    })
  }

  it('finds a cycle, of types too, and names its way', () => {
    const text = (target: string) => `import { type X } from './${target}.ts'`
    const cycle = ['b', 'c', 'a'].map((target, at) => ({
      path: `src/x/${'abc'[at]}.ts`,
      text: text(target)
    }))
    assert.deepEqual(problemLines(checkCycles(cycle)), [
      'src/x/a.ts: cycle: src/x/a.ts > src/x/b.ts > src/x/c.ts > src/x/a.ts'
    ])
    assert.equal(checkCycles([{ path: 'src/x/a.ts', text: text('a') }]).length, 1)
    assert.deepEqual(checkCycles(cycle.slice(1)), [])
  })

  it('finds index files', () => {
    const paths = ['src/index.ts', 'src/store/index.ts', 'protocols/index.js', 'devnet/index.html']
    const found = checkIndexFiles(paths.map((path) => ({ path, text: '' })))
    assert.deepEqual(
      found.map(({ path }) => path),
      ['src/store/index.ts', 'protocols/index.js']
    )
  })

  it('finds folders without a floor and floors without a folder', () => {
    const present = ['base', 'store', 'trie', 'net', 'misc'].map((name) => `src/${name}/a.ts`)
    const inner = ['src/trie/low/a.ts', 'src/trie/new/a.ts', 'devnet/far/a.ts']
    const found = checkTable(
      [...present, ...inner, 'src/cli.ts'].map((path) => ({ path, text: '' })),
      plan
    )
    assert.deepEqual(problemLines(found), [
      'devnet/far: has no place in src/README.md',
      'src/README.md: names index.ts, which is not there',
      'src/README.md: names src/trie/high, which is not there',
      'src/misc: has no floor in src/README.md',
      'src/trie/new: has no place in src/README.md'
    ])
  })
})
