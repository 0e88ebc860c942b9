import type { FileMode, TreeEntry } from '../../domain/revision.ts'

/** What `git ls-tree -r -z` prints: `MODE TYPE OID<tab>PATH<nul>` for every file. */
export function parseTree(listing: string): readonly TreeEntry[] {
  return listing.split('\0').flatMap((record) => {
    const tab = record.indexOf('\t')
    if (tab === -1) return []
    const [mode = '', , oid = ''] = record.slice(0, tab).split(' ')
    return [{ path: record.slice(tab + 1), mode: fileMode(mode), oid }]
  })
}

/** Git of old wrote modes that it no longer does (100664); what counts is the kind and the owner's executable bit. */
export function fileMode(mode: string): FileMode {
  const bits = Number.parseInt(mode, 8)
  const kind = bits & 0o170000
  if (kind === 0o120000) return '120000'
  if (kind === 0o160000) return '160000'
  return (bits & 0o100) === 0 ? '100644' : '100755'
}
