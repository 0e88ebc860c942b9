import { resolve } from 'node:path'
import { seccompProfile } from '../../domain/compose/seccomp.ts'
import type { ComposeDocument } from '../../ports.ts'

/**
 * The document with absolute paths of seccomp profiles: providers print them as they were written, and would look for
 * them in the directory that they are called in.
 */
export function withAbsoluteProfiles(document: ComposeDocument, base: string): ComposeDocument {
  const services = Object.entries(document.services).map(([name, service]) => {
    const { security_opt: options } = service
    if (!Array.isArray(options)) return [name, service] as const
    return [name, { ...service, security_opt: options.map((one) => absolute(one, base)) }] as const
  })
  return { ...document, services: Object.fromEntries(services) }
}

function absolute(option: unknown, base: string): unknown {
  const profile = seccompProfile(option)
  if (profile === null || profile.path.startsWith('~')) return option
  return `${profile.start}${resolve(base, profile.path)}`
}
