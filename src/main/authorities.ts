import type { Config } from '../config/config.ts'
import type { Authorities } from '../host/connections.ts'

/** Certificates that count for single hosts: a registry's own, and those of its token servers. */
export function configuredAuthorities({ registries }: Config): Authorities {
  const authorities: Record<string, string[]> = {}
  for (const [registry, { ca, tokenServers }] of Object.entries(registries)) {
    if (ca === null) continue
    for (const host of [registry, ...tokenServers]) (authorities[host] ??= []).push(ca)
  }
  return authorities
}
