// The schemas of ethereum/execution-apis (CC0): what a request may be, and what an answer must be.
import { readFile } from 'node:fs/promises'
import { Ajv, type ValidateFunction } from 'ajv'
import { projectPath } from './project-root.ts'

interface ApiMethod {
  readonly name: string
  readonly params: readonly { readonly required?: boolean; readonly schema: object }[]
  readonly result: object | null
}

/** The document, as far as it is read here. */
export interface ExecutionApis {
  readonly methods: readonly ApiMethod[]
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** Reads test/fixtures/execution-apis.json. */
export async function executionApis(): Promise<ExecutionApis> {
  const text = await readFile(projectPath('test', 'fixtures', 'execution-apis.json'), 'utf8')
  return JSON.parse(text) as ExecutionApis
}

/** Checks of one method; undefined where the document has none. */
export interface MethodSchemas {
  /** True when the parameters are as the document has them. */
  readonly areParamsValid: (params: readonly unknown[]) => boolean
  /** What is wrong with a result; undefined when it is right. */
  readonly resultProblem: (result: unknown) => string | undefined
}

/** Compiles the schemas of every method. */
export async function compileExecutionApis(): Promise<ReadonlyMap<string, MethodSchemas>> {
  const { methods, components } = await executionApis()
  const ajv = new Ajv({ strict: false, allErrors: false })
  const compile = (schema: object): ValidateFunction => ajv.compile({ ...schema, components })
  return new Map(
    methods.map(({ name, params, result }) => {
      const checks = params.map(({ schema }) => compile(schema))
      const requiredCount = params.filter(({ required }) => required === true).length
      const checkResult = result === null ? undefined : compile(result)
      return [
        name,
        {
          areParamsValid: (given) =>
            given.length >= requiredCount &&
            given.length <= checks.length &&
            given.every((value, index) => checks[index]?.(value) === true),
          resultProblem: (value) =>
            checkResult === undefined || checkResult(value)
              ? undefined
              : ajv.errorsText(checkResult.errors)
        }
      ]
    })
  )
}
