import { sweepPrivateDirectories } from '../../host/private-directory.ts'
import type { RunChild } from '../../host/process.ts'
import { MagosError } from '../../domain/error.ts'
import type { Compose, Engine, Log, Provider } from '../../ports.ts'
import { findProvider } from './provider.ts'
import type { FoundProvider } from './provider.ts'
import { resolveStack } from './resolve.ts'
import { upStack } from './up.ts'

export interface ComposeOptions {
  readonly runtime: 'podman' | 'docker'
  readonly run: RunChild
  readonly log: Log
  /** Asked when podman's socket is looked for, and where a provider is driven one service at a time. */
  readonly engine: Pick<Engine, 'info' | 'watch' | 'remove'>
  /** A directory of this user's on tmpfs: resolved stacks hold secrets. */
  readonly runtimeDirectory: string
  /** Of it PATH, HOME, XDG_RUNTIME_DIR, CONTAINER_HOST, CONTAINERS_* and PODMAN_COMPOSE_PROVIDER are read. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** ms that one `up` may take; default ten minutes. */
  readonly deadline?: number
  /**
   * Runs beside every `up` until its signal ends it. Where no systemd drives podman's health checks the engine's
   * `watch` belongs here: a service that waits for a healthy one would else wait for ever.
   */
  readonly accompany?: (project: string, signal: AbortSignal) => Promise<void>
}

/** The compose provider, found as `podman compose` finds it and called directly. What it says is never trusted. */
export function createCompose(options: ComposeOptions): Compose {
  const {
    runtime,
    run,
    log,
    runtimeDirectory,
    environment,
    deadline = 600_000,
    accompany,
  } = options
  const found = new Map<Provider['name'] | null, FoundProvider>()
  const provide = async (made: Provider['name'] | null, signal: AbortSignal) => {
    const known = found.get(made)
    if (known !== undefined) return known
    const provider = await findProvider(options, made, signal)
    found.set(made, provider)
    const { name, version, path, limits } = provider
    const [fields, words] = [
      { provider: name, version, path, limits },
      `Stacks are applied by ${name} ${version}`,
    ]
    if (limits.length === 0) log.debug(fields, words)
    else log.warn(fields, words)
    return provider
  }
  sweepPrivateDirectories(runtimeDirectory)
  return {
    async provider(made, signal) {
      const { name, version, path, limits } = await provide(made, signal)
      return { name, version, path, limits }
    },
    async resolve(request, signal) {
      const provider = await provide(request.provider ?? null, signal)
      return await resolveStack(
        { runtime, run, log, runtimeDirectory, environment, provider },
        request,
        signal,
      )
    },
    async up(request, signal) {
      if (request.services.length === 0) return { exitCode: 0, output: '' }
      const applying = {
        ...options,
        engineInfo: (asked: AbortSignal) => options.engine.info(asked),
        deadline,
        provider: await provide(request.provider ?? null, signal),
      }
      const done = new AbortController()
      const company = accompany?.(request.project, AbortSignal.any([signal, done.signal]))
      // Whatever troubles the company troubles the provider too, and there it is told.
      const silent = company?.catch((thrown: unknown) => {
        const reason = thrown instanceof MagosError ? thrown.message : String(thrown)
        log.debug({ project: request.project, reason }, 'what ran beside the provider failed')
      })
      try {
        return await upStack(applying, request, signal)
      } finally {
        done.abort()
        await silent
      }
    },
  }
}
