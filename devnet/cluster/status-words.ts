// What a node says of its gate in `rekindle_status` and `/health`, read as a client reads it: nothing is taken for granted.
import { z } from 'zod'

const clockFaultSchema = z.looseObject({ reason: z.string(), by: z.array(z.string()) })

/** The part of `rekindle_status` that is about the gate and what it waits for. */
const statusSchema = z.looseObject({
  gate: z.looseObject({ open: z.boolean(), reason: z.string().nullish() }),
  recovery: z
    .looseObject({
      action: z.string().nullish(),
      missing: z.array(z.string()).nullish(),
      override: z.string().nullish(),
      waitsFor: z.looseObject({ code: z.string(), fault: clockFaultSchema.nullish() }).nullish(),
      stages: z.array(z.looseObject({ name: z.string() })).nullish(),
      foreign: z.looseObject({ meaning: z.string() }).nullish()
    })
    .nullish()
})

const healthSchema = z.looseObject({ ok: z.boolean(), state: z.string() })

/** What a status answer says. */
export interface StatusWords {
  readonly isGateOpen: boolean
  /** Why it is shut; undefined when it does not say. */
  readonly reason: string | undefined
  /** What is done about it now: the stages that run, the action, what it waits for, what is wrong with its clock. */
  readonly work: readonly string[]
  /** The peers whose answer is awaited. */
  readonly missing: readonly string[]
  /** The peers by whose clocks its own is off. */
  readonly accusers: readonly string[]
  /** What overrides the wait; undefined when it does not say. */
  readonly override: string | undefined
  /** What it makes of a block of its key that it did not sign; undefined while it has seen none. */
  readonly foreign: string | undefined
}

/** Undefined when the answer says nothing of a gate. */
export function readStatus(answer: unknown): StatusWords | undefined {
  const parsed = statusSchema.safeParse(answer)
  if (!parsed.success) return undefined
  const { gate, recovery } = parsed.data
  const stages = recovery?.stages?.map(({ name }) => name) ?? []
  const { code, fault } = recovery?.waitsFor ?? {}
  const work = [...stages, recovery?.action, code, fault?.reason]
  return {
    isGateOpen: gate.open,
    reason: gate.reason ?? undefined,
    work: work.filter((word) => word !== undefined && word !== null),
    missing: recovery?.missing ?? [],
    accusers: fault?.by ?? [],
    override: recovery?.override ?? undefined,
    foreign: recovery?.foreign?.meaning
  }
}

/** What `/health` says a node is doing; undefined when it says nothing. */
export function readHealth(answer: unknown): z.infer<typeof healthSchema> | undefined {
  return healthSchema.safeParse(answer).data
}
