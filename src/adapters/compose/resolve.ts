import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { withPrivateDirectory } from '../../host/private-directory.ts'
import { childEnvironment } from '../../host/process.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { ComposeDocument, Log, ResolveRequest } from '../../ports.ts'
import { capabilitiesOf } from './capabilities.ts'
import { asDocument, readDocument } from './document.ts'
import { withEnvFiles } from './env-files.ts'
import { lostTimings, withWholeHealthChecks } from './health-checks.ts'
import { readPlainFile } from './plain-file.ts'
import { completeDocument } from './podman-compose.ts'
import { writePrivateCopy } from './private-copy.ts'
import type { FoundProvider } from './provider.ts'
import { rewritePaths } from './rewrite.ts'
import { withAbsoluteProfiles } from './seccomp-profiles.ts'
import { refuseUnfitServices } from './unfit-services.ts'
import { unknownKeys } from './unknown-keys.ts'
import { placeOf, readWords } from './words.ts'

export interface Resolving {
  readonly runtime: 'podman' | 'docker'
  readonly run: RunChild
  readonly log: Log
  readonly runtimeDirectory: string
  readonly provider: FoundProvider
  /** What children inherit of it stands for variables where they are filled in here. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What the provider makes of a private copy that is gone afterwards, its paths turned to this host's. */
export async function resolveStack(
  resolving: Resolving,
  request: ResolveRequest,
  signal: AbortSignal,
): Promise<ComposeDocument> {
  const { runtime, provider, runtimeDirectory, log } = resolving
  const { project, inputs, directory, files, home, profiles } = request
  if (signal.aborted) throw new MagosError('interrupted', `Resolve "${project}": interrupted`)
  return await withPrivateDirectory(runtimeDirectory, async (copy) => {
    await writePrivateCopy(copy, inputs)
    const base = join(copy, directory)
    const isPython = provider.name === 'podman-compose'
    // Since 1.1 its `config` fills `NAME: ${NAME:-x}` from that very line, so what one file says is read here.
    const isReadHere =
      capabilitiesOf(provider).config === 'none' || (isPython && files.length === 1)
    const read = isReadHere
      ? readHere(resolving, request, base)
      : await askProvider(resolving, request, copy, signal)
    const completed = isPython
      ? await withEnvFiles(completeDocument(read.document, base, profiles), copy)
      : read.document
    const deployer = { runtime, provider }
    const document = withWholeHealthChecks(deployer, withAbsoluteProfiles(completed, base))
    refuseUnfitServices(deployer, document)
    const lost = [...unknownKeys(provider, document), ...lostTimings(deployer, document)]
    const warnings = [...read.warnings, ...lost]
    for (const warning of warnings) log.warn({ project, provider: provider.name }, warning)
    return withoutProfiles(rewritePaths(document, { copy, directory, home }))
  })
}

interface ReadDocument {
  readonly document: ComposeDocument
  readonly warnings: readonly string[]
}

async function askProvider(
  { run, provider }: Resolving,
  request: ResolveRequest,
  copy: string,
  signal: AbortSignal,
): Promise<ReadDocument> {
  const { project, inputs, directory, files } = request
  const base = join(copy, directory)
  const args = await configArguments(provider, request, copy)
  const result = await run(provider.command, args, {
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
  const { warnings } = readWords(said, inputs)
  return { document: readDocument(provider, files, result.stdout), warnings }
}

function readHere(
  { provider, environment }: Resolving,
  request: ResolveRequest,
  base: string,
): ReadDocument {
  const surroundings = new Map(Object.entries({ ...childEnvironment(environment), PWD: base }))
  const { document, warnings } = readPlainFile(request, surroundings)
  return { document: asDocument(provider, request.files, document), warnings }
}

async function configArguments(
  provider: FoundProvider,
  request: ResolveRequest,
  copy: string,
): Promise<readonly string[]> {
  const { project, files, directory, profiles } = request
  const named = files.flatMap((file) => ['-f', join(copy, file)])
  const active = profiles.flatMap((profile) => ['--profile', profile])
  const environment = await environmentArguments(provider, request, copy)
  const start = [...provider.prefix, '-p', project, ...named, ...active, ...environment]
  if (provider.name === 'podman-compose') return [...start, 'config']
  const base = ['--project-directory', join(copy, directory)]
  return [...start, ...base, 'config', '--format', 'json']
}

/** podman-compose takes one file, so several become one; of a name that stands twice the last counts, as with Compose. */
async function environmentArguments(
  { name }: FoundProvider,
  { envFiles, inputs }: ResolveRequest,
  copy: string,
): Promise<readonly string[]> {
  if (envFiles === null) return []
  if (name === 'docker-compose') return envFiles.flatMap((file) => ['--env-file', join(copy, file)])
  const texts = envFiles.map((file) => {
    const input = inputs.find(({ path }) => path === file)
    if (input === undefined) throw noSuchFile(file)
    return Buffer.from(input.content).toString('utf8')
  })
  const file = join(copy, '.magos-environment')
  await writeFile(file, texts.map((text) => `${text}\n`).join(''), { mode: 0o600, flag: 'wx' })
  return ['--env-file', file]
}

function noSuchFile(file: string): MagosError {
  return new MagosError('compose', `Read env file "${file}": there is none`, {
    remedy: 'Commit it, or lay it into the stack’s directory on this host',
  })
}

/** The services of inactive profiles are gone; of the others' profiles `up` need not be told again. */
function withoutProfiles(document: ComposeDocument): ComposeDocument {
  const services = Object.entries(document.services).map(([name, service]) => {
    const { profiles: _active, ...rest } = service
    return [name, rest] as const
  })
  return { ...document, services: Object.fromEntries(services) }
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
