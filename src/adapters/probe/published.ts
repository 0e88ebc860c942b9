import type { Socket } from 'node:net'
import { endsHere, isHeldBy } from './sockets.ts'
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

const HOLDERS = ['conmon', 'dockerd']

function isPlaceholder({ localPort = 0, remotePort = 0 }: Socket): boolean {
  return endsHere(localPort, remotePort) && isHeldBy(HOLDERS, remotePort)
}
