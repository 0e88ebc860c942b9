import type { ProbeAttempt } from '../../domain/deploy/probe-targets.ts'
import { MagosError } from '../../domain/error.ts'
import type { RunChild } from '../../host/process.ts'
import type { Prober } from '../../ports.ts'
import { execute } from './exec.ts'
import { requestStatus } from './http.ts'
import { openBehindProxy } from './docker-proxy.ts'
import { openConnection } from './tcp.ts'
import { openPublished } from './published.ts'
import { openBehindForwarder } from './rootless-forwarder.ts'

export interface ProberOptions {
  readonly runtime: 'podman' | 'docker'
  readonly run: RunChild
  /** ms that one attempt may take; default three seconds, ten for a command. */
  readonly patience?: { readonly network: number; readonly command: number }
}

/** Tries ports, addresses and commands from this host. */
export function createProber({
  runtime,
  run,
  patience = { network: 3_000, command: 10_000 },
}: ProberOptions): Prober {
  const behind = async (
    what: { readonly host: string; readonly port: number },
    ending: AbortSignal,
  ) =>
    (runtime === 'docker' ? openBehindProxy : openBehindForwarder)(what, patience.network, ending)
  const attempt = async (what: ProbeAttempt, signal: AbortSignal): Promise<string | null> => {
    switch (what.kind) {
      case 'tcp':
        return (
          (await openConnection(what, patience.network, signal)) ?? (await behind(what, signal))
        )
      case 'published':
        return (await openPublished(what, patience.network, signal)) ?? (await behind(what, signal))
      case 'http':
        return requestStatus(what, patience.network, signal)
      case 'exec':
        return execute({ runtime, run }, what, patience.command, signal)
    }
  }
  return {
    async attempt(what, signal) {
      const failure = signal.aborted ? null : await attempt(what, signal)
      if (signal.aborted) throw new MagosError('interrupted', 'Try a service: interrupted')
      return failure
    },
  }
}
