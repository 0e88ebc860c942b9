import { fail, ok, warn, type Check } from './check.ts'
import type { HostFacts, MappingProgram } from './facts.ts'
import { setKernel } from './kernel-setting.ts'

/**
 * Whether newuidmap and newgidmap are there and may do their work: podman of an ordinary user fails with plain copies of
 * them. https://man7.org/linux/man-pages/man1/newuidmap.1.html
 */
export function judgeMapping({ mapping }: Pick<HostFacts, 'mapping'>): Check {
  const name = 'id-mapping'
  const missing = PROGRAMS.filter((one) => mapping[one] === null)
  if (missing.length > 0) {
    const detail = `${missing.join(' and ')} not found in the PATH`
    return fail(name, detail, 'sudo apt install uidmap')
  }
  const found = PROGRAMS.flatMap((one) => mapping[one] ?? [])
  const plain = pathsOf(found, 'none')
  if (plain.length > 0) {
    const detail = `${plain.join(' and ')} have neither the setuid bit of root nor file capabilities, so that they may map no ids`
    return fail(name, detail, 'sudo apt install --reinstall uidmap')
  }
  const unseen = pathsOf(found, 'unseen')
  if (unseen.length > 0) {
    const detail = `${unseen.join(' and ')} are not setuid, and whether they have file capabilities cannot be seen without getcap`
    return warn(name, detail, `sudo apt install libcap2-bin, then look again`)
  }
  return ok(name, 'newuidmap and newgidmap are there and may map ids')
}

const PROGRAMS = ['newuidmap', 'newgidmap'] as const

function pathsOf(
  programs: readonly MappingProgram[],
  rights: MappingProgram['rights'],
): readonly string[] {
  return programs.flatMap((one) => (one.rights === rights ? [one.path] : []))
}

/** No child gains rights below it, newuidmap's included: https://docs.kernel.org/userspace-api/no_new_privs.html */
export function judgePrivileges({
  noNewPrivileges: { here, service },
}: Pick<HostFacts, 'noNewPrivileges'>): Check {
  const name = 'no-new-privileges'
  if (service === 'yes') {
    return fail(
      name,
      'magos-dominus.service runs with NoNewPrivileges: below it newuidmap fails, and podman with it, at the latest after the next boot',
      `Take NoNewPrivileges=, and what implies it (${IMPLYING}), out of the unit: systemctl --user edit --full magos-dominus.service`,
    )
  }
  if (here === 'yes') {
    return fail(
      name,
      'this runs with NoNewPrivileges: below it newuidmap fails, and podman with it, unless its pause process runs already',
      `Start it without: a unit must not have NoNewPrivileges=, nor what implies it (${IMPLYING}); a container no --security-opt no-new-privileges`,
    )
  }
  return ok(name, 'children may gain the rights that newuidmap needs')
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#NoNewPrivileges= */
const IMPLYING =
  'SystemCallFilter=, RestrictNamespaces=, PrivateDevices=, ProtectKernel…= and the like'

export function judgeNamespaces({ userNamespaces }: Pick<HostFacts, 'userNamespaces'>): Check {
  const name = 'user-namespaces'
  switch (userNamespaces) {
    case 'allowed':
      return ok(name, 'the kernel lets ordinary users have some')
    case 'off':
      return fail(
        name,
        'user.max_user_namespaces is 0: the kernel lets nobody have any',
        setKernel('user.max_user_namespaces', 28_633),
      )
    case 'root-only':
      return fail(
        name,
        'kernel.unprivileged_userns_clone is 0: the kernel lets root alone have some',
        setKernel('kernel.unprivileged_userns_clone', 1),
      )
  }
}
