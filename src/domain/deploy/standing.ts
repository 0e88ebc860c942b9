import type { ObservedContainer } from '../deployment.ts'
import { missingNetworks } from './attached.ts'

/** Containers of one service when its stack was proven. */
export interface ServiceStanding {
  readonly running: number
  /** One-shots that had ended well. */
  readonly ended: number
  /** Networks of the file that all that ran hung on; absent where nobody told. */
  readonly networks?: readonly string[]
}

/** What stands now, to be compared with later; `wanted` are the networks that a service is to hang on. */
export function standingOf(
  services: readonly string[],
  containers: readonly ObservedContainer[],
  wanted: (service: string) => readonly string[],
): Readonly<Record<string, ServiceStanding>> {
  return Object.fromEntries(
    services.map((service) => {
      const own = containers.filter((container) => container.service === service)
      const up = own.filter(isUp)
      const counts = { running: up.length, ended: own.length - up.length }
      if (up.length === 0 || up.some((one) => one.networks === undefined)) return [service, counts]
      const missing = new Set(up.flatMap((one) => missingNetworks(wanted(service), one)))
      const networks = wanted(service).filter((name) => !missing.has(name))
      return [service, networks.length === 0 ? counts : { ...counts, networks }]
    }),
  )
}

/** podman calls it so from the signal to the end, and for good where whoever stops it is killed in between. */
export function isBeingStopped({ state }: ObservedContainer): boolean {
  return state === 'stopping'
}

/** It runs, is paused, or is just started again: there is nothing to start. */
export function isUp({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}
