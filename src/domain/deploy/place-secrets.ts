import type { ComposeDocument } from './desired-state.ts'
import { LABEL } from './labels.ts'
import { members } from './members.ts'
import type { OpenedFile } from './opened-file.ts'
import { namedFiles, places, withFiles } from './place-definitions.ts'
import { placeService } from './place-in-service.ts'

/** A decrypted file that containers read while they run. */
export interface PlacedFile extends OpenedFile {
  /** Containers see it so; only its directory keeps others of this host out. */
  readonly mode: number
}

export interface PlacedSecrets {
  /** The document that names the decrypted files, each service labelled with the digests of those that it reads. */
  readonly document: ComposeDocument
  readonly files: readonly PlacedFile[]
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Points every mount, config, secret, env_file and seccomp profile of an encrypted file at its plaintext. Where a folder
 * is mounted that holds one, the file is mounted over its ciphertext. Paths in a document have their `$` doubled.
 */
export function placeSecrets(
  document: ComposeDocument,
  opened: readonly OpenedFile[],
): PlacedSecrets {
  if (opened.length === 0) return { document, files: [] }
  const definitions = {
    configs: places(document['configs'], opened),
    secrets: places(document['secrets'], opened),
  }
  const used = new Map<string, PlacedFile>()
  const services = Object.entries(document.services).map(([name, service]) => {
    const placed = placeService(service, opened)
    const named = [
      ...namedFiles(service['configs'], definitions.configs),
      ...namedFiles(service['secrets'], definitions.secrets),
    ]
    const files = [...placed.files, ...named.map(({ file }) => file)]
    for (const file of files) note(used, file, modeFor(service))
    for (const { file, mode } of named) if (mode !== null) note(used, file, mode)
    return [name, labelled(placed.service, files)] as const
  })
  return {
    document: {
      ...document,
      ...withFiles('configs', document['configs'], opened),
      ...withFiles('secrets', document['secrets'], opened),
      services: Object.fromEntries(services),
    },
    files: [...used.values()],
  }
}

/** Whoever reads it beside its owner must be able to: the modes of several services add up. */
function note(used: Map<string, PlacedFile>, file: OpenedFile, mode: number): void {
  const before = used.get(file.placed)?.mode ?? OWNER_ONLY
  used.set(file.placed, { ...file, mode: before | mode })
}

const OWNER_ONLY = 0o600
const EVERYBODY = 0o444

/** To a container, a file of ours belongs to its root; whoever else it runs as is somebody else. */
function modeFor({ user }: Fields): number {
  const name =
    typeof user === 'string' || typeof user === 'number' ? String(user).split(':')[0] : ''
  return name === '' || name === '0' || name === 'root' ? OWNER_ONLY : EVERYBODY
}

/** The engine then tells which files a container still needs. */
function labelled(service: Fields, files: readonly OpenedFile[]): Fields {
  if (files.length === 0) return service
  const digests = [...new Set(files.map(({ digest }) => digest))].toSorted()
  return {
    ...service,
    labels: { ...members(service['labels']), [LABEL.secrets]: digests.join(',') },
  }
}
