import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { MagosError } from '../../domain/error.ts'
import { withPrivateDirectory } from '../../host/private-directory.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { ComposeDocument, Log, ResolveRequest } from '../../ports.ts'
import { completeDocument } from './podman-compose.ts'
import { writePrivateCopy } from './private-copy.ts'
import type { FoundProvider } from './provider.ts'
import { rewritePaths } from './rewrite.ts'
import { placeOf, readWords } from './words.ts'

export interface Resolving {
  readonly run: RunChild
  readonly log: Log
  readonly runtimeDirectory: string
  readonly provider: FoundProvider
}

/** The provider's own `config` on a private copy that is gone afterwards, its paths turned to this host's. */
export async function resolveStack(
  { run, log, runtimeDirectory, provider }: Resolving,
  request: ResolveRequest,
  signal: AbortSignal,
): Promise<ComposeDocument> {
  const { project, inputs, directory, files, home } = request
  return await withPrivateDirectory(runtimeDirectory, async (copy) => {
    await writePrivateCopy(copy, inputs)
    const base = join(copy, directory)
    const result = await run(provider.command, configArguments(provider, request, copy), {
      cwd: base,
      // What a person's shell would say in that directory: `${PWD}/data` is written in many files.
      env: { PWD: base },
      signal,
    })
    const said = result.stderr.replaceAll(`${copy}/`, '')
    if (result.outcome === 'cancelled') {
      throw new MagosError('interrupted', `Resolve "${project}": interrupted`)
    }
    if (result.exitCode !== 0) throw refusal(provider, request, result, said)
    for (const warning of readWords(said, inputs).warnings)
      log.warn({ project, provider: provider.name }, warning)
    const printed = readDocument(provider, files, result.stdout)
    const document = provider.name === 'podman-compose' ? completeDocument(printed, base) : printed
    return rewritePaths(document, { copy, directory, home })
  })
}

function configArguments(
  provider: FoundProvider,
  { project, files, directory }: ResolveRequest,
  copy: string,
): readonly string[] {
  const named = files.flatMap((file) => ['-f', join(copy, file)])
  const start = [...provider.prefix, '-p', project, ...named]
  if (provider.name === 'podman-compose') return [...start, 'config']
  const base = ['--project-directory', join(copy, directory)]
  return [...start, ...base, 'config', '--format', 'json']
}

function readDocument(
  provider: FoundProvider,
  files: readonly string[],
  text: string,
): ComposeDocument {
  let document: unknown
  try {
    document = provider.name === 'podman-compose' ? parseYaml(text) : JSON.parse(text)
  } catch (cause) {
    throw unreadable(provider, files, 'it is not the format that was asked for', cause)
  }
  if (!isFields(document)) throw unreadable(provider, files, 'it is no document')
  const services = document['services'] ?? {}
  if (!isFields(services)) throw unreadable(provider, files, 'its services are no map')
  const read = Object.entries(services).map(([name, service]) => {
    if (!isFields(service)) throw unreadable(provider, files, `service "${name}" is no map`)
    return [name, service] as const
  })
  return { ...document, services: Object.fromEntries(read) }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(
  { name, version }: FoundProvider,
  files: readonly string[],
  state: string,
  cause?: unknown,
): MagosError {
  const what = `Read what ${name} ${version} made of "${files.join('", "')}"`
  return new MagosError('compose', `${what}: ${state}`, {
    cause,
    place: { file: files[0] ?? '' },
    remedy: 'Make the file smaller or simpler, or install another version of the provider',
  })
}

function refusal(
  provider: FoundProvider,
  { project, files, inputs }: ResolveRequest,
  result: ChildResult,
  said: string,
): MagosError {
  if (result.outcome === 'absent') {
    return new MagosError('provider', `Run "${provider.path}": it is not there any more`, {
      remedy: 'Start the daemon again, so that it looks for a provider anew',
    })
  }
  const state =
    result.outcome === 'exited'
      ? readWords(said, inputs).complaint ||
        `${provider.name} exited with ${result.exitCode ?? 'no code'}`
      : `${provider.name} was ${result.outcome}`
  return new MagosError('compose', `Resolve "${project}": ${state}`, {
    place: placeOf(said, files, inputs),
    remedy: `Correct the file; "${provider.name} config" in the stack's directory shows the same`,
  })
}
