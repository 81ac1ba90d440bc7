// What eslint holds the code to: typescript-eslint's strict and stylistic sets, type aware, and the
// bans of this project. A rule that is off says why. Run with `npm run lint`.
import { fileURLToPath } from 'node:url'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const projectRoot = fileURLToPath(new URL('../../', import.meta.url))

/** Syntax that the project does not use, each with what to write instead. */
const BANNED_SYNTAX = [
  ['ExportDefaultDeclaration', 'Export by name.'],
  ['ExportSpecifier[exported.name="default"]', 'Export by name.'],
  ['TSEnumDeclaration', 'Use a union of literals, or a readonly object.'],
  ['TSModuleDeclaration[kind="namespace"]', 'Use a module.'],
  ['TSParameterProperty', 'Declare the field and assign it.'],
  [
    ':matches(PropertyDefinition, MethodDefinition, AccessorProperty)[accessibility]',
    'Write #name for what is private; all else is public.'
  ],
  [
    'CatchClause > BlockStatement[body.length=0]',
    'Handle the failure, or return a value that stands for it.'
  ],
  [
    'TSNonNullExpression:not([expression.type="MemberExpression"][expression.computed=true])',
    'Only an index within bounds may be asserted: `items[i]!`. Narrow everything else.'
  ],
  [
    ':matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression)' +
      '[source.value=/^[.]{1,2}\\u002F.*[.]([cm]?js|[cm]?tsx?[.]js)$/]',
    'Import the source: the path ends in .ts.'
  ],
  [
    'Program > ExpressionStatement > CallExpression[callee.name=/^(before|after)(Each)?$/]',
    'Put the hook inside a describe: outside, mocha runs it around every test of the run.'
  ]
].map(([selector, message]) => ({ selector, message }))

/** Rules of the sets that are off or changed, since they fight the style of this project. */
const ADJUSTED_RULES = {
  // A failure union may have one member today: it is a `type` from the start.
  '@typescript-eslint/consistent-type-definitions': 'off',
  // Narrowing survives an await, the value does not: re-checks of `signal.aborted` are needed.
  '@typescript-eslint/no-unnecessary-condition': 'off',
  // Ports are asynchronous; what satisfies one from memory has nothing to await.
  '@typescript-eslint/require-await': 'off',
  // Replaced by the narrower ban on `!` above.
  '@typescript-eslint/no-non-null-assertion': 'off',
  // With noUncheckedIndexedAccess `?? fallback` hides an index out of bounds that `!` states.
  '@typescript-eslint/non-nullable-type-assertion-style': 'error',
  // `_` is the one name for what is not used.
  '@typescript-eslint/no-unused-vars': [
    'error',
    {
      args: 'all',
      argsIgnorePattern: '^_$',
      caughtErrors: 'all',
      destructuredArrayIgnorePattern: '^_$'
    }
  ],
  // Numbers and bigints print the same everywhere; objects, undefined and booleans do not belong.
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true }
  ],
  // `void promise` hides a rejection as well as forgetting it does.
  '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/ban-ts-comment': [
    'error',
    { 'ts-expect-error': 'allow-with-description', 'ts-ignore': true, 'ts-nocheck': true }
  ],
  '@typescript-eslint/naming-convention': [
    'error',
    { selector: 'typeLike', format: ['PascalCase'] },
    // An interface is named for the thing, without a leading I.
    {
      selector: 'interface',
      format: ['PascalCase'],
      custom: { regex: '^I[A-Z][a-z]', match: false }
    },
    {
      selector: ['variable', 'function', 'parameter', 'classProperty', 'classMethod'],
      filter: { regex: '^_$', match: false },
      format: null,
      leadingUnderscore: 'forbid',
      trailingUnderscore: 'forbid'
    }
  ],
  eqeqeq: 'error',
  'no-console': 'error',
  'no-restricted-syntax': ['error', ...BANNED_SYNTAX],
  'object-shorthand': 'error',
  'prefer-const': 'error'
}

const config = defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/', '.devnet/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      // One program for the whole run; the language server behind `projectService` takes a third longer.
      parserOptions: { project: 'tsconfig.json', tsconfigRootDir: projectRoot }
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: ADJUSTED_RULES
  },
  {
    // The commands print; nothing below them does.
    files: ['src/cli.ts', 'src/cli/**', 'devnet/**/*.ts', 'test/{bench,soak}/**/*.ts'],
    rules: { 'no-console': 'off' }
  },
  {
    files: ['test/**/*.test.ts'],
    rules: {
      // An assertion on `items[0].x` that fails throws, which is what a test is for.
      'no-restricted-syntax': [
        'error',
        ...BANNED_SYNTAX.filter(({ selector }) => !selector.startsWith('TSNonNull'))
      ]
    }
  }
)

// eslint reads its configuration from the default export, the only one of the project.
export default config
