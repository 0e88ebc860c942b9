import { isHeldBy } from './sockets.ts'
import { openSilently } from './tcp.ts'

/** Who forwards the published ports of an ordinary user's podman: for bridges, for taps of their own, and of old. */
const FORWARDERS = ['rootlessport', 'pasta', 'pasta.avx2', 'slirp4netns']

/** ms in which one hangs up for whom nobody listens; measured 190 of rootlessport, on a quiet machine. */
const HELD = 1_000

/**
 * Whether somebody takes a connection behind rootless podman's forwarder of a published port, which takes it before it
 * knows. Null where somebody does, or there is no forwarder.
 */
export async function openBehindForwarder(
  target: { readonly host: string; readonly port: number },
  patience: number,
  signal: AbortSignal,
): Promise<string | null> {
  if (!isHeldBy(FORWARDERS, target.port)) return null
  return openSilently(target, patience, signal, HELD)
}
