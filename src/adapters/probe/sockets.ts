import { processesNamed, readFolder, readLink, readText } from './proc.ts'

/** A connection's ends, or a socket that listens, as this host's kernel has them; ports in hexadecimal. */
interface KernelSocket {
  readonly local: string
  readonly remote: string
  readonly state: 'listens' | 'else'
  readonly link: string
}

/** Local address, remote address, state and inode: https://docs.kernel.org/networking/proc_net_tcp.html */
const LINE =
  /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2})(?: +\S+){5} +(\d+)/gm
const LISTENS = '0A'

/** The TCP sockets of our network namespace. */
function kernelSockets(): readonly KernelSocket[] {
  const text = readText('/proc/net/tcp') + readText('/proc/net/tcp6')
  return [...text.matchAll(LINE)].map(([, local = '', remote = '', state, inode]) => ({
    local,
    remote,
    state: state === LISTENS ? 'listens' : 'else',
    link: `socket:[${inode}]`,
  }))
}

/** Whether the other end of a connection from the first port to the second is a socket of this host. */
export function endsHere(from: number, to: number): boolean {
  return kernelSockets().some(({ local, remote }) => local === hex(to) && remote === hex(from))
}

/** Whether a process of one of these names listens on the port; of those that we may not look at none does. */
export function isHeldBy(names: readonly string[], port: number): boolean {
  const listening = kernelSockets()
    .filter(({ local, state }) => local === hex(port) && state === 'listens')
    .map(({ link }) => link)
  if (listening.length === 0) return false
  return names.flatMap(processesNamed).some((pid) => {
    const links = new Set(
      readFolder(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`)),
    )
    return listening.some((link) => links.has(link))
  })
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}
