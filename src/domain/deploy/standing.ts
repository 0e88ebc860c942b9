import type { ObservedContainer } from '../deployment.ts'

/** Containers of one service when its stack was proven. */
export interface ServiceStanding {
  readonly running: number
  /** One-shots that had ended well. */
  readonly ended: number
}

/** What stands now, to be compared with later. */
export function standingOf(
  services: readonly string[],
  containers: readonly ObservedContainer[],
): Readonly<Record<string, ServiceStanding>> {
  return Object.fromEntries(
    services.map((service) => {
      const own = containers.filter((container) => container.service === service)
      const running = own.filter(isUp).length
      return [service, { running, ended: own.length - running }]
    }),
  )
}

/** It runs, is paused, or is just started again: there is nothing to start. */
export function isUp({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}
