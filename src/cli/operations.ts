import type { CheckAnswer } from '../domain/answer/check.ts'
import type { ExplainAnswer } from '../domain/answer/explain.ts'
import type { HistoryAnswer } from '../domain/answer/history.ts'
import type { HoldAnswer, ReleaseAnswer, VersionsAnswer } from '../domain/answer/hold.ts'
import type { PlanAnswer } from '../domain/answer/plan.ts'
import type { SecretsCheckAnswer } from '../domain/answer/secrets-check.ts'
import type { StatusAnswer } from '../domain/answer/status.ts'
import type { RollbackAnswer, SyncAnswer } from '../domain/answer/sync.ts'
import type { DoctorAnswer } from '../domain/doctor/check.ts'
import type { SealedFile } from '../ports.ts'
import type { ExitCode } from './io.ts'

/** What commands ask for beyond the files that they are given; each is made only when its command runs. */
export interface Operations {
  check(): Promise<CheckAnswer>
  plan(stack: string | null): Promise<PlanAnswer>
  sync(stack: string | null, removals: 'guarded' | 'confirmed'): Promise<SyncAnswer>
  status(): Promise<StatusAnswer>
  history(stack: string | null, limit: number): Promise<HistoryAnswer>
  explain(stack: string): Promise<ExplainAnswer>
  hold(stack: string, reason: string): Promise<HoldAnswer>
  release(stack: string): Promise<ReleaseAnswer>
  holdVersions(image: string, reason: string): Promise<VersionsAnswer>
  releaseVersions(image: string, reason: string): Promise<VersionsAnswer>
  rollback(stack: string, to: string | null): Promise<RollbackAnswer>
  checkSecrets(): Promise<SecretsCheckAnswer>
  doctor(treatment: 'look' | 'fix'): Promise<DoctorAnswer>
  /** The plaintext of one encrypted file, by this host's keys. */
  decryptSecret(file: SealedFile): Promise<Uint8Array>
  /** The daemon; resolves when it was told to end. */
  run(): Promise<ExitCode>
}
