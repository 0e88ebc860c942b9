import { asMagosError, MagosError } from '../domain/error.ts'
import type { ImageReference } from '../domain/image-reference.ts'
import { formatImageReference, parseImageReference } from '../domain/image-reference.ts'
import type { ExitCode, Io } from './io.ts'
import { remedySentence } from './remedy.ts'
import { printable, table } from './table.ts'

type Reading =
  | { readonly input: string; readonly reference: ImageReference }
  | { readonly input: string; readonly error: MagosError }

/** Shows how each reference is read; 1 when one of them is none. */
export async function imageCommand(io: Io, refs: readonly string[]): Promise<ExitCode> {
  const readings = refs.map(read)
  if (io.format === 'json') io.write(`${JSON.stringify(readings.map(toJson))}\n`)
  else writeText(io, readings)
  return readings.some((reading) => 'error' in reading) ? 1 : 0
}

function read(input: string): Reading {
  try {
    return { input, reference: parseImageReference(input) }
  } catch (thrown) {
    const error = asMagosError(thrown)
    if (error.code !== 'reference') throw error
    return { input, error }
  }
}

function toJson(reading: Reading): unknown {
  const { input } = reading
  if ('error' in reading) {
    const { code, message, remedy } = reading.error
    return { input, error: { code, message, remedy } }
  }
  const { registry, repository, tag, digest } = reading.reference
  return {
    input,
    registry,
    repository,
    tag,
    digest,
    canonical: formatImageReference(reading.reference),
  }
}

function writeText(io: Io, readings: readonly Reading[]): void {
  const rows: string[][] = []
  for (const reading of readings) {
    if ('error' in reading) {
      io.note(
        `${printable(reading.error.message)}\n  ${remedySentence(reading.error.remedy ?? '')}\n`,
      )
      continue
    }
    const { registry, repository, tag, digest } = reading.reference
    rows.push([reading.input, registry, repository, tag ?? '-', digest ?? '-'])
  }
  if (rows.length > 0) {
    io.write(table(io, ['INPUT', 'REGISTRY', 'REPOSITORY', 'TAG', 'DIGEST'], rows))
  }
}
