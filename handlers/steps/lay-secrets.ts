import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { ResolvedStack } from './resolve-stack.ts'

type SecretsContext = Pick<Context, 'secretFiles'>

/** Makes the decrypted files that a stack's containers mount, before anything starts them. */
export async function laySecrets(
  ctx: SecretsContext,
  { secrets }: Pick<ResolvedStack, 'secrets'>,
  signal: AbortSignal,
): Promise<void> {
  await ctx.secretFiles.lay(secrets.files, signal)
}

/** Whether every decrypted file is there that a stack's containers mount: after a boot none is. */
export async function hasSecrets(
  ctx: SecretsContext,
  { stack, project }: Pick<ProvenState, 'stack' | 'project'>,
  { containers }: ObservedState,
  signal: AbortSignal,
): Promise<boolean> {
  const own = containers.filter((container) => container.project === project)
  return await ctx.secretFiles.has(stack, digestsOf(own), signal)
}

/** Removes the decrypted files of older states; the new one runs and reads none of them. */
export async function dropSecrets(
  ctx: SecretsContext,
  { source, secrets }: Pick<ResolvedStack, 'source' | 'secrets'>,
  signal: AbortSignal,
): Promise<void> {
  await ctx.secretFiles.keep(source.stack.name, secrets.digests, signal)
}

/** By the labels of containers: which decrypted files they mount. */
export function digestsOf(containers: readonly ObservedContainer[]): readonly string[] {
  return [...new Set(containers.flatMap(({ labels }) => labels[LABEL.secrets]?.split(',') ?? []))]
}
