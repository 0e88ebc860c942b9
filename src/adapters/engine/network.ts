import type { NetworkChoice } from '../../domain/network-choice.ts'
import { at, parseDocuments, textAt } from './json.ts'

type Helper = 'pasta' | 'slirp4netns'

/**
 * Decides it before anything runs, for a container without its helper fails and nobody falls back: podman up to 4.3 has
 * slirp4netns alone, up to 4.9 it comes first, since 5.0 pasta does, and 6.0 has pasta alone. Null for what is no
 * `podman info`.
 */
export function chooseNetwork(text: string): NetworkChoice | null {
  const document = parseDocuments(text)?.[0]
  const version = textAt(document, 'version', 'Version')
  if (version === '') return null
  if (at(document, 'host', 'security', 'rootless') !== true)
    return { outcome: 'usual', by: 'bridge' }
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const known = helpersOf(major, minor)
  const configured = known.find((one) => one === textAt(document, 'host', 'rootlessNetworkCmd'))
  const usual = configured ?? known[0] ?? 'pasta'
  const isHere = (helper: Helper) => textAt(document, 'host', helper, 'executable') !== ''
  if (isHere(usual)) return { outcome: 'usual', by: usual }
  const other = canBeTold(major, minor)
    ? known.find((one) => one !== usual && isHere(one))
    : undefined
  if (other !== undefined) {
    return { outcome: 'other', by: other, reason: `${usual} is not installed, ${other} is` }
  }
  return {
    outcome: 'none',
    reason: `podman ${version} wants ${usual} for the networks of rootless containers, and it is not installed`,
    remedy: `sudo apt install ${usual === 'pasta' ? 'passt' : 'slirp4netns'}`,
  }
}

/** What podman of a version can use, its own first. */
function helpersOf(major: number, minor: number): readonly Helper[] {
  if (major >= 6) return ['pasta']
  if (major === 5) return ['pasta', 'slirp4netns']
  return major === 4 && minor >= 4 ? ['slirp4netns', 'pasta'] : ['slirp4netns']
}

/** `default_rootless_network_cmd` of containers.conf(5). */
function canBeTold(major: number, minor: number): boolean {
  return major > 4 || (major === 4 && minor >= 6)
}
