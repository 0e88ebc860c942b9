import { holdsPortBelow } from '../../src/domain/deploy/closed-ports.ts'
import type { Check } from '../../src/domain/doctor/check.ts'
import type { Asked } from '../../src/domain/doctor/outcome.ts'
import { judgePorts, writtenPorts } from '../../src/domain/doctor/ports.ts'
import type { EngineInfo } from '../../src/ports.ts'
import type { DoctorContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import type { Ask } from './ask-within.ts'

/** Whether an ordinary user's podman may have the ports that this host's stacks publish. */
export async function examinePorts(
  { openEngine }: Pick<DoctorContext, 'openEngine'>,
  ask: Ask,
  { view, info, firstPort }: Examined,
): Promise<readonly Check[]> {
  if (view.outcome !== 'answered' || info?.name !== 'podman' || !info.rootless) return []
  const { stacks, texts } = view.answer
  const wanted = stacks.flatMap(({ name: stack, files }) => {
    const ports = files.flatMap((file) => writtenPorts(texts.get(file) ?? '', firstPort))
    return ports.map(({ service, port }) => ({ stack, service, port }))
  })
  if (wanted.length === 0) return []
  const asked = await ask(async (signal) => (await openEngine(signal)).engine.observe(signal))
  const containers = asked.outcome === 'answered' ? asked.answer.containers : []
  const standing = holdsPortBelow(firstPort, containers) ? 'held' : 'untried'
  return judgePorts(firstPort, wanted, standing)
}

interface Examined {
  readonly view: Asked<RepositoryView>
  /** null where no engine answered. */
  readonly info: EngineInfo | null
  readonly firstPort: number
}
