export interface Traces {
  readonly hostname: string
  /** Text of /proc/self/cgroup. */
  readonly cgroup: string
  /** Text of /proc/self/mountinfo. */
  readonly mounts: string
}

const ID = '[0-9a-f]{64}'
/** `/docker/ID`, `/libpod-ID`, `docker-ID.scope`, `/libpod-ID/container`; a monitor's own group is not the container's. */
const CGROUP = new RegExp(
  `(?:^|[/-])(?:docker[/-]|libpod-|cri-containerd-)?(${ID})(?:\\.scope)?(?:/|$)`,
  'm',
)
/** Engines bind their own hostname, hosts and resolv.conf into every container, from a directory named after it. */
const MOUNT = new RegExp(`/(?:containers|overlay-containers|vfs-containers)/(${ID})/`)

/**
 * The container that this process runs in: its whole id, or the twelve digits of it that docker takes for a host name;
 * null where it runs in none. A private cgroup namespace hides the id from the first, so the mounts are asked as well.
 */
export function ownContainer({ hostname, cgroup, mounts }: Traces): string | null {
  const mounted = mounts
    .split('\n')
    .filter((line) => /\s\/etc\/(?:hostname|hosts|resolv\.conf)\s/.test(line))
    .flatMap((line) => MOUNT.exec(line)?.[1] ?? [])[0]
  const grouped = cgroup
    .split('\n')
    .flatMap((line) => CGROUP.exec(line.split(':').at(-1) ?? '')?.[1] ?? [])[0]
  const named = /^[0-9a-f]{12}$/.test(hostname) ? hostname : null
  return mounted ?? grouped ?? named
}
