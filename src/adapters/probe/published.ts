import type { Socket } from 'node:net'
import { processesNamed, readFolder, readLink, readText } from './proc.ts'
import { openConnection } from './tcp.ts'

/**
 * A connection that went on into a container. For root podman's conmon listens on every port that it publishes, so that
 * nobody else takes it, and never answers, as dockerd does without its proxies; the connection ends there when the rules
 * that should forward it are gone.
 */
export async function openPublished(
  target: { readonly host: string; readonly port: number },
  patience: number,
  signal: AbortSignal,
): Promise<string | null> {
  return openConnection(target, patience, signal, (socket) =>
    isPlaceholder(socket) ? 'nothing forwards it into the container' : null,
  )
}

/** Local address, remote address, state and inode: https://docs.kernel.org/networking/proc_net_tcp.html */
const LINE =
  /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2})(?: +\S+){5} +(\d+)/gm
const LISTENS = '0A'
const HOLDERS = ['conmon', 'dockerd']

function isPlaceholder({ localPort = 0, remotePort = 0 }: Socket): boolean {
  const text = readText('/proc/net/tcp') + readText('/proc/net/tcp6')
  const sockets = [...text.matchAll(LINE)]
  const endsHere = sockets.some(
    ([, local, remote]) => local === hex(remotePort) && remote === hex(localPort),
  )
  if (!endsHere) return false
  const listening = sockets
    .filter(([, local, , state]) => local === hex(remotePort) && state === LISTENS)
    .map(([, , , , inode]) => `socket:[${inode}]`)
  return HOLDERS.flatMap(processesNamed).some((pid) => {
    const links = new Set(linksOf(`/proc/${pid}/fd`))
    return listening.some((link) => links.has(link))
  })
}

/** Of those that we may not look at there are none. */
function linksOf(folder: string): readonly string[] {
  return readFolder(folder).map((name) => readLink(`${folder}/${name}`))
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}
