import type { Log } from '../../ports.ts'
import type { Budget } from './budget.ts'
import type { Client } from './client.ts'
import type { WriteOrder } from './write-order.ts'

/** What telling anything about a commit takes. */
export interface ReportsOptions {
  readonly client: Client
  readonly budget: Budget
  readonly order: WriteOrder
  readonly repository: { readonly owner: string; readonly repo: string }
  /** Address of the repository for people. */
  readonly page: string
  readonly log: Log
}
