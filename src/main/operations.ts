import { checkRequested } from '../../handlers/check-requested.ts'
import { secretsCheckRequested } from '../../handlers/secrets-check-requested.ts'
import { explainRequested } from '../../handlers/explain-requested.ts'
import { historyRequested } from '../../handlers/history-requested.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { statusRequested } from '../../handlers/status-requested.ts'
import { createViews } from '../../handlers/views.ts'
import { createRedactor } from '../adapters/log/redact.ts'
import type { Operations } from '../cli/operations.ts'
import type { Base } from './base.ts'
import { redacted } from './redact-answers.ts'
import { openPast, openSource } from './repository.ts'
import { openRegistry } from './registry.ts'
import { openSecrets } from './secrets.ts'
import { openDeploying, openMachine } from './deploying.ts'
import { hostSettings } from './host-settings.ts'
import { machinePlatform } from './platform.ts'

/** The commands that only look, each with no more of the world than it needs. */
export function lookingOperations(
  base: Base,
  signal: AbortSignal,
): Pick<
  Operations,
  'check' | 'plan' | 'status' | 'history' | 'explain' | 'checkSecrets' | 'decryptSecret'
> {
  const { log, liveValues } = base
  const redact = createRedactor(() => liveValues.all())
  const proposals = base.config.repository?.kind === 'local' ? null : ('unasked' as const)
  return {
    async check() {
      const source = await openSource(base)
      const host = hostSettings(base, machinePlatform())
      const { recall } = await import('./state.ts')
      const recollection = recall(base)
      try {
        const { memory, manifests } = recollection
        const registry = openRegistry(base, manifests)
        const now = base.clock.now()
        return await checkRequested(
          { source, views: createViews(), registry, host, memory, log, now, proposals },
          signal,
        )
      } finally {
        recollection.close()
      }
    },
    async plan(stack) {
      const { source, ancestry } = await openPast(base)
      const deploying = await openDeploying(base, 'pretend', signal)
      const host = hostSettings(base, machinePlatform())
      const { recall } = await import('./state.ts')
      const recollection = recall(base)
      try {
        const { history, upkeep, tombstones } = recollection
        const remembered = { history, upkeep, tombstones, machine: openMachine(base) }
        const now = base.clock.now()
        const git = { source, ancestry, views: createViews() }
        const ctx = { ...git, ...deploying, host, ...remembered, now }
        return await redacted(redact, () => planRequested(ctx, stack, signal))
      } finally {
        recollection.close()
      }
    },
    async checkSecrets() {
      const source = await openSource(base)
      const ctx = { source, secrets: openSecrets(base, 'pretend') }
      return redacted(redact, () => secretsCheckRequested(ctx, signal))
    },
    async decryptSecret(file) {
      const { content } = await openSecrets(base, 'pretend').decrypt(file, signal)
      return content
    },
    async status() {
      const { openState } = await import('./state.ts')
      const state = openState(base)
      try {
        const { engine, holds } = await openDeploying(base, 'pretend', signal)
        const host = hostSettings(base, machinePlatform())
        const machine = openMachine(base)
        const worker = state.worker()
        const ctx = { ...state.store, engine, holds, host, machine, worker, now: base.clock.now() }
        return await statusRequested(ctx, signal)
      } finally {
        state.close()
      }
    },
    async history(stack, limit) {
      const { openState } = await import('./state.ts')
      const state = openState(base)
      try {
        return historyRequested(state.store, { stack, limit })
      } finally {
        state.close()
      }
    },
    async explain(stack) {
      const { openState } = await import('./state.ts')
      const state = openState(base)
      try {
        const { engine, holds } = await openDeploying(base, 'pretend', signal)
        const ctx = {
          ...state.store,
          engine,
          holds,
          machine: openMachine(base),
          worker: state.worker(),
          views: createViews(),
          proposals,
          registry: openRegistry(base, state.store.manifests),
          host: hostSettings(base, machinePlatform()),
          log,
          now: base.clock.now(),
          openSource: () => openSource(base),
        }
        return await explainRequested(ctx, stack, signal)
      } finally {
        state.close()
      }
    },
  }
}
