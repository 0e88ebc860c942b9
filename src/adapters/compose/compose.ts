import { sweepPrivateDirectories } from '../../host/private-directory.ts'
import type { RunChild } from '../../host/process.ts'
import { MagosError } from '../../domain/error.ts'
import type { Compose, EngineInfo, Log, Provider } from '../../ports.ts'
import { findProvider } from './provider.ts'
import type { FoundProvider } from './provider.ts'
import { resolveStack } from './resolve.ts'
import { upStack } from './up.ts'

export interface ComposeOptions {
  readonly runtime: 'podman' | 'docker'
  readonly run: RunChild
  readonly log: Log
  /** Asked when podman's socket is looked for. */
  readonly engineInfo: (signal: AbortSignal) => Promise<EngineInfo>
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
  const { run, log, runtimeDirectory, deadline = 600_000, accompany } = options
  const found = new Map<Provider['name'] | null, FoundProvider>()
  const provide = async (made: Provider['name'] | null, signal: AbortSignal) => {
    const provider = found.get(made) ?? (await findProvider(options, made, signal))
    found.set(made, provider)
    return provider
  }
  sweepPrivateDirectories(runtimeDirectory)
  return {
    async provider(made, signal) {
      const { name, version, path } = await provide(made, signal)
      return { name, version, path }
    },
    async resolve(request, signal) {
      const provider = await provide(request.provider ?? null, signal)
      return await resolveStack({ run, log, runtimeDirectory, provider }, request, signal)
    },
    async up(request, signal) {
      if (request.services.length === 0) return { exitCode: 0, output: '' }
      const applying = {
        ...options,
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
