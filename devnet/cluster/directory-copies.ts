// Copies of data directories, as an operator keeps them, and the loss of a signed record.
import { access, cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClusterLayout, type NodeLayout } from './cluster-layout.ts'

/** Copies the data directory of a node that does not run under a name of its own. */
export async function saveDataDirectory(
  layout: Pick<ClusterLayout, 'directory'>,
  node: Pick<NodeLayout, 'name' | 'dataDir'>,
  label: string
): Promise<void> {
  await cp(node.dataDir, copyPath(layout, node, label), { recursive: true, errorOnExist: true })
}

/** Puts a copy in the place of the data directory; the copy stays. Throws when there is none. */
export async function restoreDataDirectory(
  layout: Pick<ClusterLayout, 'directory'>,
  node: Pick<NodeLayout, 'dataDir'>,
  { owner, label }: { readonly owner: Pick<NodeLayout, 'name'>; readonly label: string }
): Promise<void> {
  const copy = copyPath(layout, owner, label)
  await access(copy)
  await copyData(copy, node.dataDir)
}

/** Replaces what one data directory holds by what another one does; neither may be in use. */
export async function copyData(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true })
}

/** Removes the signed record. Throws when the node keeps none. */
export async function removeRecord({
  name,
  recordFile
}: Pick<NodeLayout, 'name' | 'recordFile'>): Promise<void> {
  if (recordFile === undefined) throw new Error(`${name} keeps no record`)
  await rm(recordFile)
}

function copyPath(
  { directory }: Pick<ClusterLayout, 'directory'>,
  { name }: Pick<NodeLayout, 'name'>,
  label: string
): string {
  return join(directory, `${name}.${label}`)
}
