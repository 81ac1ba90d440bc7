// What comments and pages cite: pages and sources that have to be in the tree, and sections that have to be on the page.
import { extname, posix } from 'node:path'
import ts from 'typescript'
import { type Problem, type ProjectFile } from './project-files.ts'
import { parse } from './syntax.ts'

/** A page or a source by its name, as a comment or a page gives it, with what stands behind it. */
interface Citation {
  readonly name: string
  /** Behind `#` in a link: the heading as an anchor. */
  readonly anchor: string | undefined
  /** The headings in quotes behind it. */
  readonly sections: readonly string[]
  readonly line: number
}

const TOP_FOLDERS = 'src|protocols|devnet|test'
const PAGE_OR_SOURCE = String.raw`(?:\.{1,2}\/)*(?:[\w.*-]+\/)*[\w.*-]+\.(?:md|ts)\b`
/** A folder stands for its page where a section of that is named. */
const FOLDER = String.raw`(?:${TOP_FOLDERS})(?:\/[\w-]+)+(?=[\x60)]*,\s+")`
const SECTIONS = String.raw`(?:[\x60)\]]*,?(?:\s+and)?\s+"[^"]+")*`
const CITED = new RegExp(
  String.raw`(?<![\w./:*@-])(${PAGE_OR_SOURCE}|${FOLDER})(?:#([\w-]+))?(${SECTIONS})`,
  'g'
)
/** Comments that cite, and a few lines more: to parse every source for its comments would take too long. */
const MAY_CITE = new RegExp(
  String.raw`(?:^\s*(?:\/\/|\/?\*)|\s\/\/\s).*(?:\.(?:md|ts)\b|(?:${TOP_FOLDERS})\/\S+,\s*(?:"|$))`,
  'm'
)

/** Where the citations of a kind of file stand. */
const READERS: Readonly<Record<string, (file: ProjectFile) => string>> = {
  '.md': ({ text }) => text,
  '.yml': ({ text }) => text,
  '.ts': commentsOf,
  '.js': commentsOf
}

/** Everything that the file cites and that is not there. `files`: the whole project. */
export function checkCitations(
  file: ProjectFile,
  files: ReadonlyMap<string, ProjectFile>
): readonly Problem[] {
  return citationsOf(file).flatMap((citation) => {
    const path = `${file.path}:${citation.line}`
    const cited = findCited(file, citation.name, files)
    if (cited === undefined) {
      return [{ path, problem: `cites ${citation.name}, which is not in the tree` }]
    }
    const { headings, anchors } = headingsOf(cited)
    const absent = citation.sections
      .filter((section) => !headings.includes(section))
      .map((section) => ({
        path,
        problem: `cites "${section}", which ${cited.path} does not have`
      }))
    if (citation.anchor === undefined || anchors.includes(citation.anchor)) return absent
    return [...absent, { path, problem: `links to ${cited.path}#${citation.anchor}` }]
  })
}

/** A map for `checkCitations`. */
export function byPath(files: readonly ProjectFile[]): ReadonlyMap<string, ProjectFile> {
  return new Map(files.map((file) => [file.path, file]))
}

function citationsOf(file: ProjectFile): readonly Citation[] {
  const read = READERS[extname(file.path)]
  if (read === undefined) return []
  const text = read(file)
  return [...text.matchAll(CITED)]
    .filter(([, name = '']) => !name.includes('*'))
    .map(({ 1: name = '', 2: anchor, 3: behind = '', index }) => ({
      name,
      anchor,
      sections: Array.from(behind.matchAll(/"([^"]+)"/g), ([, section = '']) => oneLine(section)),
      line: text.slice(0, index).split('\n').length
    }))
}

/**
 * Beside the citing file, from the root, or from src/. A source may be named by the end of its path, wherever it lies; a
 * page may not, since most of them have the same name.
 */
function findCited(
  { path }: ProjectFile,
  name: string,
  files: ReadonlyMap<string, ProjectFile>
): ProjectFile | undefined {
  const page = /\.(md|ts)$/.test(name) ? name : `${name}/README.md`
  const places = [posix.join(posix.dirname(path), page), page, `src/${page}`]
  const found = places.map((place) => files.get(posix.normalize(place))).find(Boolean)
  if (found !== undefined || page.endsWith('.md') || page.startsWith('.')) return found
  return [...files.values()].find((file) => file.path.endsWith(`/${page}`))
}

/** The headings of a page, as they are written and as anchors of links. */
function headingsOf({ path, text }: ProjectFile): {
  readonly headings: readonly string[]
  readonly anchors: readonly string[]
} {
  if (!path.endsWith('.md')) return { headings: [], anchors: [] }
  const withoutCode = text.replace(/^```[^]*?^```/gm, '')
  const headings = Array.from(
    withoutCode.matchAll(/^#+ +(.+?) *$/gm),
    ([, heading = '']) => heading
  )
  const anchors = headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-')
  )
  return { headings, anchors }
}

/** The text of the file with everything but comments blank, and comments without their marks: lines stay where they are. */
function commentsOf(file: ProjectFile): string {
  if (!MAY_CITE.test(file.text)) return ''
  const source = parse(file)
  const kept: string[] = []
  let end = 0
  const visit = (node: ts.Node) => {
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child))
    for (const child of children) visit(child)
    if (children.length > 0) return
    const start = node.getStart(source)
    kept.push(blank(file.text.slice(end, node.getFullStart())))
    kept.push(unmarked(file.text.slice(node.getFullStart(), start)))
    kept.push(blank(file.text.slice(start, node.end)))
    end = node.end
  }
  visit(source)
  return kept.join('')
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

/** Marks of comments as spaces, so that what is cited may go on in the next line. */
function unmarked(trivia: string): string {
  return trivia.replace(/^[ \t]*(\/\/|\/?\*+\/?)|\*+\/$/gm, blank)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}
