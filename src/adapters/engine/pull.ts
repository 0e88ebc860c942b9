import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageReference } from '../../domain/image-reference.ts'
import { identityTokenUser } from '../../domain/identity-token.ts'
import { MagosError } from '../../domain/error.ts'
import { withPrivateDirectory } from '../../host/private-directory.ts'
import type { Credential, PullOptions } from '../../ports.ts'
import { askEngine, lastWords } from './command.ts'
import type { EngineCommand } from './command.ts'

export interface Pulling {
  readonly engine: EngineCommand
  readonly runtimeDirectory: string
  /** ms. */
  readonly deadline: number
}

export type PullOutcome =
  | { readonly outcome: 'pulled' }
  | { readonly outcome: 'failed'; readonly reason: string }

/** Pulls by digest where there is one; a credential lies in a private file for just that long, and so does what keeps the engine from its own. */
export async function pullImage(
  pulling: Pulling,
  image: ImageReference,
  options: PullOptions,
  signal: AbortSignal,
): Promise<PullOutcome> {
  const { credential } = options
  if (credential === null) return await pull(pulling, image, options, {}, signal)
  return await withPrivateDirectory(pulling.runtimeDirectory, async (directory) => {
    await writeCredential(directory, image.registry, credential)
    return await pull(pulling, image, options, { directory }, signal)
  })
}

/** What the engine is asked for: a digest alone decides, and a tag beside it would be ignored or refused. */
export function pullName(image: ImageReference): string {
  const name = `${image.registry}/${image.repository}`
  return image.digest === null ? `${name}:${image.tag ?? 'latest'}` : `${name}@${image.digest}`
}

async function pull(
  { engine, deadline }: Pulling,
  image: ImageReference,
  { plainHttp }: PullOptions,
  { directory }: { readonly directory?: string },
  signal: AbortSignal,
): Promise<PullOutcome> {
  const options = { signal, timeout: deadline }
  const name = pullName(image)
  const result =
    engine.runtime === 'podman'
      ? await askEngine(engine, ['pull', '-q', ...podmanFlags(directory, plainHttp), name], options)
      : await askEngine(engine, ['pull', '-q', name], {
          ...options,
          ...(directory === undefined ? {} : { env: await dockerEnv(engine, directory, signal) }),
        })
  if (result.outcome === 'exited' && result.exitCode === 0) return { outcome: 'pulled' }
  if (result.outcome === 'timed-out') {
    return { outcome: 'failed', reason: `it did not end within ${Math.round(deadline / 1000)} s` }
  }
  const silent = `${engine.runtime} exited with ${result.exitCode ?? 'no code'}`
  return { outcome: 'failed', reason: lastWords(result.stderr) || silent }
}

function podmanFlags(directory: string | undefined, plainHttp: boolean): readonly string[] {
  return [
    ...(directory === undefined ? [] : ['--authfile', join(directory, 'config.json')]),
    ...(plainHttp ? ['--tls-verify=false'] : []),
  ]
}

/** A private configuration knows no context, so docker is told the address of the current one. */
async function dockerEnv(
  engine: EngineCommand,
  directory: string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const args = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']
  const { exitCode, stdout } = await askEngine(engine, args, { signal })
  const host = exitCode === 0 ? stdout.trim() : ''
  return { DOCKER_CONFIG: directory, ...(host === '' ? {} : { DOCKER_HOST: host }) }
}

async function writeCredential(
  directory: string,
  registry: string,
  login: Credential | 'anonymous',
): Promise<void> {
  // docker looks Docker Hub up by this address, podman by its name.
  const keys = registry === 'docker.io' ? [registry, 'https://index.docker.io/v1/'] : [registry]
  const entry = entryOf(login)
  const config = { auths: Object.fromEntries(keys.map((key) => [key, entry])) }
  try {
    await writeFile(join(directory, 'config.json'), JSON.stringify(config), { mode: 0o600 })
  } catch (cause) {
    throw new MagosError('storage', `Write the credential of "${registry}": it cannot be written`, {
      cause,
      remedy: 'Make room in the daemon’s runtime directory',
    })
  }
}

// Engines show an identity token to nobody but the token server; podman takes it beside a name alone.
function entryOf(login: Credential | 'anonymous'): Readonly<Record<string, string>> {
  // podman goes on to other files (4.3 from a given one, too) until it finds a name; without a password it sends nothing of it.
  if (login === 'anonymous') return { auth: encode('anonymous:') }
  const { username, password } = login
  if (username !== identityTokenUser) return { auth: encode(`${username}:${password}`) }
  return { auth: encode(`${username}:`), identitytoken: password }
}

function encode(login: string): string {
  return Buffer.from(login).toString('base64')
}
