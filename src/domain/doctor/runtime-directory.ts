import { fail, ok, type Check } from './check.ts'
import type { HostFacts } from './facts.ts'

/** Sockets, and what must never lie on a disk, live there: https://specifications.freedesktop.org/basedir-spec/latest/#variables */
export function judgeRuntimeDirectory({
  runtimeDirectory: { path, state, owner },
  user,
  systemd,
}: Pick<HostFacts, 'runtimeDirectory' | 'user' | 'systemd'>): Check {
  const name = 'runtime-directory'
  const usual = `/run/user/${user.uid}`
  switch (state) {
    case 'usable':
      return ok(name, `${path} is ${user.name}’s`)
    case 'absent': {
      const remedy =
        systemd === 'yes'
          ? `sudo loginctl enable-linger ${user.name}, then log in anew`
          : `sudo install -d -m 700 -o ${user.name} ${path}, at every boot`
      return fail(name, `${path} is not there`, remedy)
    }
    case 'not-ours':
      return fail(
        name,
        `${path} belongs to ${owner ?? 'somebody else'}, not to ${user.name}: podman does not start`,
        path === usual
          ? `sudo chown ${user.name} ${path}`
          : `Log in as ${user.name} by ssh or "sudo machinectl shell ${user.name}@" rather than by su or sudo; or: export XDG_RUNTIME_DIR=${usual}`,
      )
    case 'forbidden':
      return fail(name, `${user.name} may not write into ${path}, its own`, `chmod 700 ${path}`)
    case 'no-directory':
      return fail(
        name,
        `XDG_RUNTIME_DIR names ${path}, which is no directory`,
        `export XDG_RUNTIME_DIR=${usual}`,
      )
  }
}
