/** Words of podman that have one cause, and what ends it; what podman itself advises deletes more than is needed. */
const REMEDIES: readonly (readonly [words: RegExp, remedy: string])[] = [
  [/exec: "new[ug]idmap": executable file not found/i, 'Install it: sudo apt install uidmap'],
  [
    /new[ug]idmap.*(operation not permitted|should have setuid)|write to [ug]id_map failed/i,
    'Give them their rights again: sudo apt install --reinstall uidmap; and let no unit above the daemon say NoNewPrivileges=yes',
  ],
  [
    /no sub[ug]id ranges found|cannot find UID\/GID for user/i,
    'Give the daemon’s user some: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then "podman system migrate" as that user',
  ],
  [
    /XDG_RUNTIME_DIR directory .* is not owned by/i,
    'Log in as the daemon’s user by ssh or "sudo machinectl shell USER@" rather than by su or sudo, or let XDG_RUNTIME_DIR name that user’s /run/user/UID',
  ],
  [
    /cannot connect to podman|unable to connect to podman socket|unable to create connection/i,
    'Unset CONTAINER_HOST, or start the podman service that it names',
  ],
  [
    /invalid internal status|pause process/i,
    'Run "podman system migrate" as the daemon’s user; it stops all containers of that user, and Magos starts its own again',
  ],
  [
    /cannot re-exec process|cannot clone: operation not permitted/i,
    'Let the kernel give this user user namespaces: sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone must not be 0, and neither a chroot nor a container may forbid them',
  ],
  [
    /database configuration mismatch|does not match (our|the) .*(graph|run|storage|tmp|volume)/i,
    'Its database was made with other directories or another driver: let storage.conf (graphroot, runroot, driver) say what the message names as the database’s. "podman system reset" would delete every image, container and volume',
  ],
  [
    /user-selected graph driver .* overwritten by/i,
    'Let driver in storage.conf be the one that the message names last, which holds the images; podman uses that one anyway',
  ],
  [
    /storage 'driver' option (must|should) be set/i,
    'Name the driver in storage.conf: driver = "overlay", or what "podman info" says as graphDriverName',
  ],
]

/** What ends a trouble that podman's program tells of; null for words that have no one cause. */
export function engineRemedy(words: string): string | null {
  return REMEDIES.find(([pattern]) => pattern.test(words))?.[1] ?? null
}
