import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { withPrivateDirectory } from '../../host/private-directory.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { ApplyRequest, Engine, Evidence } from '../../ports.ts'
import { capabilitiesOf } from './capabilities.ts'
import { upOneByOne } from './one-by-one.ts'
import { withPodmanSocket } from './podman-socket.ts'
import type { SocketContext } from './podman-socket.ts'
import type { FoundProvider } from './provider.ts'

export interface Applying extends SocketContext {
  readonly runtime: 'podman' | 'docker'
  readonly run: RunChild
  readonly provider: FoundProvider
  /** Asked by those who drive a provider one service at a time. */
  readonly engine: Pick<Engine, 'watch' | 'remove'>
  /** ms. */
  readonly deadline: number
}

/** How much of the provider's output is kept: its end. */
const KEPT = 64 << 10

/** Hands the rendered stack to the provider; it lies in a private file for just that long. */
export async function upStack(
  applying: Applying,
  request: ApplyRequest,
  signal: AbortSignal,
): Promise<Evidence> {
  const { provider, runtime, runtimeDirectory } = applying
  return await withPrivateDirectory(runtimeDirectory, async (directory) => {
    const file = join(directory, 'stack.json')
    await writeFile(file, JSON.stringify(request.document), { mode: 0o600, flag: 'wx' })
    // Else Compose would read the home's .env, and COMPOSE_REMOVE_ORPHANS may stand there.
    await writeFile(join(directory, 'none.env'), '', { mode: 0o600 })
    if (capabilitiesOf(provider).drive === 'one-by-one') {
      return await upAlone(applying, request, directory, signal)
    }
    if (runtime === 'docker') {
      return await up(applying, request, file, {}, signal)
    }
    return await withPodmanSocket(applying, signal, (address) =>
      // BuildKit would be pulled and run as a container; podman builds by docker's older interface.
      up(applying, request, file, { DOCKER_HOST: address, DOCKER_BUILDKIT: '0' }, signal),
    )
  })
}

/** One service at a time; what that provider finds out too late is found out before. */
async function upAlone(
  applying: Applying,
  request: ApplyRequest,
  directory: string,
  signal: AbortSignal,
): Promise<Evidence> {
  const { engine, deadline, provider } = applying
  const absent = await absentImage(applying, request, signal)
  if (absent !== null) return { exitCode: 1, output: `${absent}: No such image\n` }
  const driver = {
    engine,
    directory,
    deadline,
    up: (service: string, file: string) => {
      const args = serviceArguments(provider, request, service, file)
      return run(applying, request, args, {}, signal)
    },
  }
  return await upOneByOne(driver, request, signal)
}

async function up(
  applying: Applying,
  request: ApplyRequest,
  file: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Evidence> {
  return await run(applying, request, upArguments(applying.provider, request, file), env, signal)
}

async function run(
  { run: runChild, provider, deadline }: Applying,
  { project, home }: ApplyRequest,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Evidence> {
  const result = await runChild(provider.command, args, {
    cwd: home,
    env,
    timeout: deadline,
    signal,
  })
  if (result.outcome === 'cancelled') {
    throw new MagosError('interrupted', `Apply "${project}": interrupted`)
  }
  if (result.outcome === 'absent') {
    throw new MagosError('provider', `Run "${provider.path}": it is not there any more`, {
      remedy: 'Start the daemon again, so that it looks for a provider anew',
    })
  }
  if (/cannot connect to the docker daemon|error during connect/i.test(result.stderr)) {
    throw new MagosError('engine', `Apply "${project}": ${provider.name} cannot reach the engine`, {
      remedy: 'Look whether the engine runs; nothing was changed',
    })
  }
  return { exitCode: result.exitCode, output: lastOutput(result, deadline) }
}

/**
 * The images are here already, so nothing is pulled, whatever `pull_policy` says; what has to be built is built.
 * Named services alone are looked at, because newer Compose would recreate the others too on podman. Orphans are
 * never the provider's to remove.
 */
export function upArguments(
  provider: Pick<FoundProvider, 'prefix'>,
  { project, home, services, document }: ApplyRequest,
  file: string,
): readonly string[] {
  const due = services === 'all' ? Object.keys(document.services) : services
  // Else a changed build context would run on in the image that was built of the old one.
  const build = due.some((name) => isBuilt(document.services[name])) ? ['--build'] : []
  const named = [...build, ...(services === 'all' ? [] : ['--no-deps', ...services])]
  const start = [...provider.prefix, '-p', project, '-f', file]
  const places = ['--project-directory', home, '--env-file', join(file, '../none.env')]
  return [...start, ...places, 'up', '-d', '--pull', 'never', ...named]
}

/** Of a file that has this service alone. Nothing is pulled, for its image is here. */
function serviceArguments(
  { prefix }: Pick<FoundProvider, 'prefix'>,
  { project, document }: ApplyRequest,
  service: string,
  file: string,
): readonly string[] {
  const build = isBuilt(document.services[service]) ? '--build' : '--no-build'
  return [...prefix, '-p', project, '-f', file, 'up', '-d', '--no-deps', build, service]
}

function isBuilt(service: Readonly<Record<string, unknown>> | undefined): boolean {
  return service?.['build'] !== undefined && service['build'] !== null
}

/** The first image that is not here; podman-compose finds out only after it removed what ran. */
async function absentImage(
  { run: runChild }: Applying,
  { document, services }: ApplyRequest,
  signal: AbortSignal,
): Promise<string | null> {
  for (const [name, service] of Object.entries(document.services)) {
    if (services !== 'all' && !services.includes(name)) continue
    const image = service['image']
    if (typeof image !== 'string' || isBuilt(service)) continue
    const { exitCode } = await runChild('podman', ['image', 'exists', image], { signal })
    if (exitCode === 1) return image
  }
  return null
}

function lastOutput({ outcome, stdout, stderr }: ChildResult, deadline: number): string {
  const late = `\nEnded because it was not done within ${Math.round(deadline / 1000)} s\n`
  const all = Buffer.from(`${stdout}${stderr}${outcome === 'timed-out' ? late : ''}`)
  return all.subarray(-KEPT).toString('utf8')
}
