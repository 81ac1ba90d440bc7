// SSZ containers as codecs: @chainsafe/ssz for the layout, with the checks it leaves to its callers.
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListCompositeType,
  type Type,
  UintBigintType,
  UintNumberType,
  type ValueOf
} from '@chainsafe/ssz'
import { type ValueCodec } from './protocol-def.ts'
import { ProtocolError } from './protocol-error.ts'

/** What can be wrong with a container, on either side. */
export type ContainerFailure =
  | {
      readonly code: 'container-size-invalid'
      readonly container: string
      readonly sizeBytes: number
    }
  | { readonly code: 'container-undecodable'; readonly container: string }
  | { readonly code: 'field-invalid'; readonly container: string; readonly field: string }
  | { readonly code: 'chunk-version-invalid'; readonly container: string; readonly version: number }

/** Thrown when a value or its bytes break the container's layout or the bounds of its fields. */
export class ContainerError extends ProtocolError<ContainerFailure> {}

/** What an integer field holds on the wire when there is nothing to say: 2^64-1. */
export const NONE_UINT64: bigint = 2n ** 64n - 1n

/** SSZ's uint8, as a number. */
export const uint8 = new UintNumberType(1)
/** SSZ's uint32, as a number. */
export const uint32 = new UintNumberType(4)
/** SSZ's uint64, as a bigint. */
export const uint64 = new UintBigintType(8)
/** SSZ's Bytes32. */
export const bytes32 = new ByteVectorType(32)
/** SSZ's Bytes4. */
export const bytes4 = new ByteVectorType(4)

/**
 * A codec of one container of integers, byte vectors, byte lists, and lists of those or of such containers. Decoding takes the exact size;
 * encoding refuses lengths and integers that do not fit, which the library would cut. Byte fields of a
 * decoded value are copies. `badField` names the first field that breaks a bound of the protocol's own, on either
 * side. Both throw ContainerError.
 */
export function createContainerCodec<Fields extends Record<string, Type<unknown>>>(
  container: string,
  type: ContainerType<Fields>,
  badField: (value: ValueOf<ContainerType<Fields>>) => (keyof Fields & string) | undefined = () =>
    undefined
): ValueCodec<ValueOf<ContainerType<Fields>>> {
  const assertBounds = (value: ValueOf<ContainerType<Fields>>) => {
    const field = badField(value)
    if (field !== undefined) throw new ContainerError({ code: 'field-invalid', container, field })
  }
  return {
    encode(value) {
      assertBounds(value)
      for (const [field, fieldType] of Object.entries(type.fields)) {
        if (!fits(fieldType, (value as Record<string, unknown>)[field])) {
          throw new ContainerError({ code: 'field-invalid', container, field })
        }
      }
      return type.serialize(value)
    },
    decode(bytes) {
      if (bytes.length < type.minSize || bytes.length > type.maxSize) {
        const sizeBytes = bytes.length
        throw new ContainerError({ code: 'container-size-invalid', container, sizeBytes })
      }
      const value = deserialize(container, type, bytes)
      assertBounds(value)
      return value
    }
  }
}

function deserialize<Value>(container: string, type: Type<Value>, bytes: Uint8Array): Value {
  try {
    return type.deserialize(bytes)
  } catch (thrown) {
    throw new ContainerError({ code: 'container-undecodable', container }, { cause: thrown })
  }
}

/** Throws ContainerError unless the version byte beside a chunk is 0, as it is where no topic version is meant. */
export function assertVersionZero(container: string, version: number): void {
  if (version !== 0) {
    throw new ContainerError({ code: 'chunk-version-invalid', container, version })
  }
}

function fits(type: Type<unknown>, value: unknown): boolean {
  if (type instanceof UintBigintType) {
    return typeof value === 'bigint' && value >= 0n && value < 1n << BigInt(8 * type.byteLength)
  }
  if (type instanceof UintNumberType) {
    return (
      Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** (8 * type.byteLength)
    )
  }
  if (type instanceof ListCompositeType) {
    const elementType = type.elementType as Type<unknown>
    if (!Array.isArray(value) || value.length > type.limit) return false
    return value.every((element: unknown) => fits(elementType, element))
  }
  if (type instanceof ContainerType) {
    return Object.entries(type.fields as Record<string, Type<unknown>>).every(
      ([field, fieldType]) => fits(fieldType, (value as Record<string, unknown>)[field])
    )
  }
  if (!(value instanceof Uint8Array)) return false
  if (type instanceof ByteVectorType) return value.length === type.lengthBytes
  return type instanceof ByteListType && value.length <= type.limitBytes
}
