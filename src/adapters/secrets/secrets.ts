import { asMagosError, MagosError, type Place } from '../../domain/error.ts'
import { assignedValues } from '../../domain/sops/assigned-values.ts'
import { formatOf } from '../../domain/sops/format.ts'
import { formatOfName, type SopsFormat } from '../../domain/sops/format-name.ts'
import { sopsFormatOf } from '../../domain/sops/recognise.ts'
import { decryptSopsFile, readSopsFile, type SopsFile } from '../../domain/sops/sops-file.ts'
import type { OpenedSecrets, Secrets } from '../../ports.ts'
import { openDataKey } from './data-key.ts'
import type { Identities } from './identities.ts'
import { loadIdentities, type LoadContext } from './load-identities.ts'
import type { KeySource } from './key-sources.ts'
import type { SopsProgram } from './sops-program.ts'

export interface SecretsOptions extends LoadContext {
  readonly sources: readonly KeySource[]
  readonly digest: Secrets['digest']
  /** Opens files without an age recipient; null: they are refused. */
  readonly program: SopsProgram | null
  /** Told of every decrypted value before anybody else sees it. */
  readonly onValues: (values: readonly string[]) => void
}

/** Opens files of SOPS with the keys of this host; they are read with the first file, and anew where none fits. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { sources, digest, onValues } = options
  let identities: Promise<Identities> | null = null
  const dataKey = async (file: SopsFile, signal: AbortSignal): Promise<Uint8Array> => {
    const isFirst = identities === null
    identities ??= loadIdentities(options, sources)
    try {
      return await openDataKey(file.metadata.keys, await identities, signal)
    } catch (thrown) {
      if (isFirst || !isNoIdentity(thrown)) throw thrown
      // Somebody may have brought the key since.
      identities = loadIdentities(options, sources)
      return await openDataKey(file.metadata.keys, await identities, signal)
    }
  }
  return {
    digest,
    async decrypt({ path, content, format: given, printAs }, signal) {
      const opened = await located({ file: path }, async () => {
        const format = given ?? sopsFormatOf(path, content) ?? formatOfName(path)
        const file = readSopsFile({ file: path, format, content })
        const opening = { content, dataKey, printAs: printAs ?? format }
        const found = await openFile(options, file, opening, signal)
        if (format !== 'binary') return found
        return { ...found, values: [...found.values, ...assignedValues(found.content)] }
      })
      onValues(opened.values)
      return opened
    },
  }
}

interface Opening {
  readonly content: Uint8Array
  readonly dataKey: (file: SopsFile, signal: AbortSignal) => Promise<Uint8Array>
  readonly printAs: SopsFormat
}

async function openFile(
  { program }: SecretsOptions,
  file: SopsFile,
  { content, dataKey, printAs }: Opening,
  signal: AbortSignal,
): Promise<OpenedSecrets> {
  const kinds = file.metadata.keys.groups.flat().map(({ kind }) => kind)
  if (program !== null && !kinds.includes('age')) {
    return await program(file, { content, printAs }, signal)
  }
  const { tree, values } = decryptSopsFile(file, await dataKey(file, signal))
  const plain = formatOf(printAs).print(tree)
  if (plain !== null) return { content: plain, values }
  if (printAs === file.format) {
    throw new MagosError('bad-metadata', `Print "${file.file}": its format cannot hold its values`)
  }
  throw new MagosError('usage', `Print "${file.file}" as ${printAs}: it cannot hold its values`, {
    remedy: `Print it as ${file.format}`,
  })
}

function isNoIdentity(thrown: unknown): boolean {
  return thrown instanceof MagosError && thrown.code === 'no-identity'
}

/** An error without a place is about the file. */
async function located<Result>(place: Place, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (thrown) {
    const error = asMagosError(thrown)
    if (!(thrown instanceof MagosError) || error.place !== undefined) throw thrown
    const { code, message, cause, remedy } = error
    throw new MagosError(code, message, {
      cause,
      place,
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
}
