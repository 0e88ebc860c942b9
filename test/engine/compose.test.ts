import { composeContract } from '../contracts/compose.ts'
import { startRealHost } from '../lab/engine/host.ts'

composeContract('Compose v2 on podman', startRealHost)
