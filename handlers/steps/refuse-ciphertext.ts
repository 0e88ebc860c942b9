import { isEncrypted } from '../../src/domain/compose/encrypted.ts'
import type { ComposeDocument } from '../../src/domain/deploy/desired-state.ts'
import { boundVolumes, filesUnder, type TrackedFile } from '../../src/domain/deploy/read-files.ts'
import { pathInRepository } from '../../src/domain/deploy/stack-inputs.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { LaidFile } from '../../src/ports.ts'
import type { StackSource } from './read-stack.ts'

/**
 * A volume whose driver only binds a folder shows what lies there, and nothing can be laid over its encrypted files:
 * containers would read ciphertext. Throws `stack`.
 */
export function refuseCiphertext(
  { stack, home }: Pick<StackSource, 'stack' | 'home'>,
  document: ComposeDocument,
  tracked: readonly TrackedFile[],
  files: readonly LaidFile[],
): void {
  for (const { volume, device } of boundVolumes(document)) {
    const shown = new Set(filesUnder([device], tracked).map(({ path }) => path))
    const sealed = files.find((file) => shown.has(`${home}/${file.path}`) && isSealed(file))
    if (sealed === undefined) continue
    const file = pathInRepository(stack, sealed.path)
    throw new MagosError(
      'stack',
      `Hand "${stack.name}" its secrets: volume "${volume}" binds a folder by driver_opts, and "${file}" would be mounted encrypted`,
      {
        place: { file },
        remedy: 'Mount the folder itself under volumes of the service, as "./FOLDER:/PATH"',
      },
    )
  }
}

function isSealed({ mode, content }: LaidFile): boolean {
  if (mode === '120000') return false
  return isEncrypted(new TextDecoder('utf-8', { ignoreBOM: true }).decode(content))
}
