// Room on the disk of a directory: below it a node stops building.
import { statfsSync } from 'node:fs'

/** With less room a node stops building: a flush, a batch and the record must still fit. */
export const DISK_ROOM_MIN_BYTES = 256 * 2 ** 20

/** True while the disk under a directory has room for what comes next. */
export function diskHasRoom(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize >= DISK_ROOM_MIN_BYTES
}
