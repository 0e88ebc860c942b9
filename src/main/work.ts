import { handle as handleEvent } from '../../handlers/index.ts'
import type { Clock, Inbox } from '../ports.ts'
import type { Handle } from '../work/work-off.ts'
import { redactHandled, redactTold } from './redact-answers.ts'
import type { World } from './world.ts'

/** Handlers with their world, and the time as a value of the moment in which each event is taken. */
export function handleEvents(world: World, inbox: Inbox, clock: Clock): Handle {
  const { redact } = world
  const raise: Raise = (followUps) => inbox.settle([], null, redactTold(followUps, redact))
  const handle: Handle = (event, origins, signal) => {
    return handleEvent({ ...world, raise, origins, now: clock.now(), patience }, event, signal)
  }
  return redactHandled(handle, redact)
}

type Raise = Parameters<typeof handleEvent>[0]['raise']

/** One commit of all that a poll finds is worth some waiting, but no registry holds up another's update for longer. */
const longestWait = 15_000

function patience(): AbortSignal {
  return AbortSignal.timeout(longestWait)
}
