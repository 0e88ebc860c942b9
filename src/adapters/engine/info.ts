import type { EngineInfo } from '../../ports.ts'
import type { Runtime } from './command.ts'
import { at, parseDocuments, textAt, textsAt } from './json.ts'
import { chooseNetwork } from './network.ts'

/** docker tells the machine's name, registries and podman Go's. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  armv6l: 'arm',
  i686: '386',
  i386: '386',
}

/** Reads `podman info` or `docker info`; null when it is neither, or the daemon behind it did not answer. */
export function readInfo(
  runtime: Runtime,
  text: string,
  checks: 'driven' | 'by-itself' = 'by-itself',
): EngineInfo | null {
  const document = parseDocuments(text)?.[0]
  const podman = runtime === 'podman'
  const version = podman
    ? textAt(document, 'version', 'Version')
    : textAt(document, 'ServerVersion')
  if (version === '') return null
  const machine = podman ? textAt(document, 'host', 'arch') : textAt(document, 'Architecture')
  const os = podman ? textAt(document, 'host', 'os') : textAt(document, 'OSType')
  const rootless = podman
    ? at(document, 'host', 'security', 'rootless') === true
    : textsAt(document, 'SecurityOptions').some((option) => /^name=rootless(,|$)/.test(option))
  return {
    name: runtime,
    version,
    complaints: [],
    limits: podman ? limitsOf(version, checks) : [],
    rootless,
    os: os === '' ? 'linux' : os,
    architecture: ARCHITECTURES[machine] ?? machine,
    images:
      (podman ? textAt(document, 'store', 'graphRoot') : textAt(document, 'DockerRootDir')) || null,
    network: podman ? chooseNetwork(text) : null,
  }
}

/** Why docker's daemon did not answer its program; empty where that says nothing. */
export function readTroubles(text: string): string {
  return textsAt(parseDocuments(text)?.[0], 'ServerErrors').join('\n')
}

function limitsOf(version: string, checks: 'driven' | 'by-itself'): readonly string[] {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const isBefore = (one: number, other: number) => major < one || (major === one && minor < other)
  return [
    ...(checks === 'driven' ? ['no systemd runs health checks, so Magos does'] : []),
    ...(isBefore(4, 6) ? ['it cannot wait for healthy containers, so Magos does'] : []),
    ...(isBefore(4, 7) ? ['it has no "podman compose", so the provider is called directly'] : []),
  ]
}
