import type { EngineInfo } from '../../ports.ts'
import type { Runtime } from './command.ts'
import { at, parseDocuments, textAt, textsAt } from './json.ts'

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
export function readInfo(runtime: Runtime, text: string): EngineInfo | null {
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
    rootless,
    os: os === '' ? 'linux' : os,
    architecture: ARCHITECTURES[machine] ?? machine,
    images:
      (podman ? textAt(document, 'store', 'graphRoot') : textAt(document, 'DockerRootDir')) || null,
  }
}
