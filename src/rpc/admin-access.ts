// Who may call admin_ methods: operators, who have the token and call from this machine, by HTTP or through its TLS proxy.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopback } from './addresses.ts'
import { type MethodTable, type RpcMethod } from './json-rpc.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** What a request shows of who sent it. */
export interface Caller {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** The other end of the connection. */
  readonly remoteAddress: string | undefined
}

/** Picks what a caller may call. */
export interface AdminAccess {
  /** All methods for an operator; for everybody else each admin method answers why not. */
  tableFor(caller: Caller): MethodTable
  /** True for an operator, who may call all methods and is answered before all others. */
  isOperator(caller: Caller): boolean
}

/** Joins the two tables, so that each request needs one look-up. An undefined token refuses everybody. */
export function createAdminAccess({
  methods,
  adminMethods,
  token
}: {
  readonly methods: MethodTable
  readonly adminMethods: MethodTable
  readonly token: string | undefined
}): AdminAccess {
  const joined = (admin: (name: string, method: RpcMethod) => RpcMethod): MethodTable =>
    new Map([
      ...methods,
      ...Array.from(adminMethods, ([name, it]) => [name, admin(name, it)] as const)
    ])
  const refused = (code: number, why: string): MethodTable =>
    joined((name) => () => {
      throw new RpcError(code, `the method ${name} ${why}`)
    })
  const withoutToken = refused(
    RPC_CODES.methodNotFound,
    'is not served: no adminTokenFile is configured'
  )
  const remote = refused(
    RPC_CODES.notAllowed,
    'is for loopback alone: call it on the machine itself, or behind a proxy there that speaks TLS'
  )
  const unproven = refused(
    RPC_CODES.notAllowed,
    'needs the header "Authorization: Bearer TOKEN", with what adminTokenFile holds'
  )
  const all = joined((_, method) => method)
  const tableFor = ({ authorization, remoteAddress }: Caller) => {
    if (token === undefined) return withoutToken
    if (remoteAddress === undefined || !isLoopback(remoteAddress)) return remote
    return isBearer(authorization ?? '', token) ? all : unproven
  }
  return { tableFor, isOperator: (caller) => tableFor(caller) === all }
}

/** The scheme in any case (RFC 9110, 11.1); the token is compared in constant time. */
function isBearer(authorization: string, token: string): boolean {
  const given = /^bearer +(\S+)$/i.exec(authorization)?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
