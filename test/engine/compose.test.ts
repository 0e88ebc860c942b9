import { composeContract } from '../contracts/compose.ts'
import { startRealHost } from '../lab/engine/host.ts'

composeContract('Compose v2 on podman', () => startRealHost())

/** No Debian has one that can be trusted, so this one is brought by whoever names it (from PyPI). */
const podmanCompose = process.env['MAGOS_LAB_PODMAN_COMPOSE']
if (podmanCompose !== undefined) {
  composeContract('podman-compose', () => startRealHost({ provider: podmanCompose }))
}
