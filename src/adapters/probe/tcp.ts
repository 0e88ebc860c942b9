import { connect, type Socket } from 'node:net'

/** null where a connection came about and was found good, else why not. */
export async function openConnection(
  { host, port }: { readonly host: string; readonly port: number },
  patience: number,
  signal: AbortSignal,
  judge: (socket: Socket) => string | null = () => null,
): Promise<string | null> {
  return await new Promise((resolve) => {
    const late = AbortSignal.timeout(patience)
    const socket = connect({ host, port, signal: AbortSignal.any([signal, late]) })
    socket.once('connect', () => {
      const failure = judge(socket)
      socket.destroy()
      resolve(failure)
    })
    socket.once('error', (error) => {
      resolve(late.aborted ? `nothing within ${patience / 1000} s` : networkWords(error))
    })
  })
}

/**
 * null where the other end keeps the connection or says a word on it; who hangs up at once took it for nobody. `held` is
 * the ms in which a proxy finds that out.
 */
export async function openSilently(
  target: { readonly host: string; readonly port: number },
  patience: number,
  signal: AbortSignal,
  held = 300,
): Promise<string | null> {
  return await new Promise((resolve) => {
    const late = AbortSignal.timeout(patience)
    const socket = connect({ ...target, signal: AbortSignal.any([signal, late]) })
    const end = (failure: string | null) => {
      socket.destroy()
      resolve(failure)
    }
    socket.once('connect', () => socket.setTimeout(held, () => end(null)))
    socket.once('data', () => end(null))
    socket.once('end', () => end('connection closed at once'))
    socket.once('error', (error) => {
      end(late.aborted ? `nothing within ${patience / 1000} s` : networkWords(error))
    })
  })
}

/** What the network says of an attempt, in words where the code is a common one. */
export function networkWords(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    EHOSTUNREACH: 'no route to host',
    ENETUNREACH: 'no route to network',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'no such host',
    ETIMEDOUT: 'no answer',
  }
  return words[code] ?? (code === '' ? error.message : code)
}
