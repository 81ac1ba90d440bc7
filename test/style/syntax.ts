// What the guards read from TypeScript sources, by the compiler's own parser.
import ts from 'typescript'
import { type ProjectFile } from './project-files.ts'

/** One thing that a file imports; `specifier` is undefined where it is computed. */
export interface Import {
  readonly specifier: string | undefined
  readonly line: number
}

/** Parses without types. */
export function parse({ path, text }: ProjectFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

/** The line of the node, from 1. */
export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

/** Calls `visit` with every node below. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  ts.forEachChild(node, (child) => {
    visit(child)
    walk(child, visit)
  })
}

/**
 * Everything the file imports: declarations and re-exports, of types too, `import()` as call and as type,
 * `require()`, triple-slash references, and `new URL('…', import.meta.url)` of a source, as workers are named.
 */
export function importsOf(file: ProjectFile): readonly Import[] {
  const source = parse(file)
  const found: Import[] = source.referencedFiles.map(({ fileName }) => ({
    specifier: `./${fileName}`,
    line: 1
  }))
  walk(source, (node) => {
    const argument = importArgument(node)
    if (argument === undefined) return
    const specifier = ts.isStringLiteralLike(argument) ? argument.text : undefined
    found.push({ specifier, line: lineOf(source, node) })
  })
  return found
}

function importArgument(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument
  }
  if (ts.isExternalModuleReference(node)) return node.expression
  if (ts.isCallExpression(node) && isImportingCall(node)) return node.arguments[0]
  if (ts.isNewExpression(node) && isOwnUrl(node)) return node.arguments?.[0]
  return undefined
}

function isImportingCall({ expression }: ts.CallExpression): boolean {
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require')
  )
}

function isOwnUrl({
  expression,
  arguments: [path, base] = ts.factory.createNodeArray()
}: ts.NewExpression): boolean {
  return (
    ts.isIdentifier(expression) &&
    expression.text === 'URL' &&
    base?.getText() === 'import.meta.url' &&
    path !== undefined &&
    (!ts.isStringLiteralLike(path) || /[.][jt]s$/.test(path.text))
  )
}
