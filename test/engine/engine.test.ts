import { engineContract } from '../contracts/engine.ts'
import { startRealHost } from '../lab/engine/host.ts'

engineContract('podman', () => startRealHost())
