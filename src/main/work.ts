import { handle as handleEvent } from '../../handlers/index.ts'
import type { Clock } from '../ports.ts'
import type { Handle } from '../work/work-off.ts'
import { redactHandled } from './redact-answers.ts'
import type { World } from './world.ts'

/** Handlers with their world, and the time as a value of the moment in which each event is taken. */
export function handleEvents(world: World, clock: Clock): Handle {
  const handle: Handle = (event, origins, signal) =>
    handleEvent({ ...world, origins, now: clock.now() }, event, signal)
  return redactHandled(handle, world.redact)
}
