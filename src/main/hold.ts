import { join } from 'node:path'
import type { HoldContext } from '../../handlers/context.ts'
import { holdRequested, releaseRequested } from '../../handlers/hold-requested.ts'
import { createViews } from '../../handlers/views.ts'
import { createHolds } from '../adapters/holds/holds.ts'
import type { Operations } from '../cli/operations.ts'
import type { Base } from './base.ts'
import { openSource } from './repository.ts'
import { openState } from './state.ts'
import { userName } from './user-name.ts'
import { hostSettings } from './host-settings.ts'
import { machinePlatform } from './platform.ts'

/** What a person decides over a stack of this host; beside a daemon as well as alone. */
export function holdOperations(
  base: Base,
  signal: AbortSignal,
): Pick<Operations, 'hold' | 'release'> {
  const within = async <Answer>(act: (ctx: HoldContext) => Promise<Answer>): Promise<Answer> => {
    const state = openState(base)
    try {
      return await act({
        ...state.store,
        views: createViews(),
        holds: createHolds({ directory: join(base.config.dataDirectory, 'holds'), log: base.log }),
        host: hostSettings(base, machinePlatform()),
        now: base.clock.now(),
        openSource: () => openSource(base),
      })
    } finally {
      state.close()
    }
  }
  return {
    hold: (stack, reason) =>
      within((ctx) => holdRequested(ctx, { stack, by: userName(), reason }, signal)),
    release: (stack) => within((ctx) => releaseRequested(ctx, stack, signal)),
  }
}
