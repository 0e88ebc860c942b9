import { upArguments } from '../../src/adapters/compose/up.ts'
import { pullImage } from '../../src/adapters/engine/pull.ts'
import { parseImageReference } from '../../src/domain/image-reference.ts'
import type { RunChild } from '../../src/host/process.ts'

/**
 * The commands by which Magos would deploy, as its own adapters write them: they are given a way to run children that
 * only notes what it is asked.
 */
export async function wouldRun(
  { image, project }: { readonly image: string; readonly project: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const noted: string[] = []
  const run: RunChild = async (command, args) => {
    noted.push([command, ...args].join(' '))
    return { outcome: 'exited', exitCode: 0, stdout: '', stderr: '', stdoutBytes: new Uint8Array() }
  }
  const pulling = { engine: { runtime: 'podman', run }, runtimeDirectory: '', deadline: 0 } as const
  await pullImage(
    pulling,
    parseImageReference(image),
    { credential: null, plainHttp: true },
    signal,
  )
  const request = {
    project,
    home: `stacks/${project}`,
    document: { services: {} },
    services: 'all',
  } as const
  const up = upArguments({ prefix: [] }, request, 'stack.json')
  return [...noted, ['docker-compose', ...up].join(' ')]
}
