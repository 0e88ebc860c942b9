import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { openConnection } from './tcp.ts'

/**
 * A connection that went on into a container. For root podman's conmon listens on every port that it publishes, so that
 * nobody else takes it, and never answers; the connection ends there when the rules that should forward it are gone.
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
  return conmons().some((fds) => {
    const links = new Set(linksOf(fds))
    return listening.some((link) => links.has(link))
  })
}

/** Where the open files of every conmon that we may look at lie. */
function conmons(): readonly string[] {
  return readFolder('/proc')
    .filter((name) => /^\d+$/.test(name) && readText(`/proc/${name}/comm`).trim() === 'conmon')
    .map((pid) => `/proc/${pid}/fd`)
}

function linksOf(folder: string): readonly string[] {
  return readFolder(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)]
    } catch {
      return []
    }
  })
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

/** Processes come and go while one looks, and many are somebody else's. */
function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
