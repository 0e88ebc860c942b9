import type { Database } from './database.ts'

/** What `History` asks of SQLite. */
export function prepareHistory(connection: Database['connection']) {
  return {
    proven: connection.prepare('SELECT * FROM proven WHERE stack = ?'),
    failed: connection.prepare('SELECT * FROM failed WHERE stack = ?'),
    begin: connection.prepare(
      'INSERT INTO deployments (stack, commit_id, inputs, started_at, cause) VALUES (?, ?, ?, ?, ?)',
    ),
    end: connection.prepare(
      'UPDATE deployments SET ended_at = ?, outcome = ?, reason = ? WHERE id = ?',
    ),
    interrupt: connection.prepare(
      "UPDATE deployments SET ended_at = ?, outcome = 'interrupted' WHERE id = ?",
    ),
    // Whoever begins anew knows that nobody is in the stack's last one any more.
    abandon: connection.prepare(
      `UPDATE deployments SET ended_at = ?, outcome = 'interrupted'
       WHERE stack = ? AND outcome IS NULL`,
    ),
    open: connection.prepare('SELECT * FROM deployments WHERE outcome IS NULL ORDER BY id'),
    deployments: connection.prepare('SELECT * FROM deployments ORDER BY id DESC LIMIT ?'),
    // Ids only grow, so this walks just the rows beyond the newest; an open one is never forgotten.
    pruneDeployments: connection.prepare(
      `DELETE FROM deployments
       WHERE outcome IS NOT NULL AND id <= (SELECT max(id) FROM deployments) - ?`,
    ),
    prove: connection.prepare(
      `INSERT OR REPLACE INTO proven (stack, project, commit_id, inputs, services, provider, at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    fail: connection.prepare(
      `INSERT OR REPLACE INTO failed
       (stack, commit_id, inputs, reason, retry, words, at, restored, restoring, guidance)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    restore: connection.prepare('UPDATE failed SET restored = ?, restoring = ? WHERE stack = ?'),
    // The newest is the one that failed: whatever is begun afterwards succeeds or fails anew.
    rollBack: connection.prepare(
      `UPDATE deployments SET outcome = 'rolled-back'
       WHERE outcome = 'failed' AND id = (
         SELECT max(id) FROM deployments WHERE stack = ? AND outcome = 'failed'
         AND inputs = (SELECT inputs FROM failed WHERE stack = ?))`,
    ),
    setAside: connection.prepare(
      `INSERT OR REPLACE INTO asides (stack, commit_id, outcome, reason, at, guidance, hold)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    aside: connection.prepare('SELECT * FROM asides WHERE stack = ?'),
    resume: connection.prepare('DELETE FROM asides WHERE stack = ?'),
    disprove: connection.prepare('DELETE FROM proven WHERE stack = ?'),
    stacks: connection.prepare(
      `SELECT stack FROM proven UNION SELECT stack FROM failed UNION SELECT stack FROM asides
       ORDER BY stack`,
    ),
    forgive: connection.prepare('DELETE FROM failed WHERE stack = ?'),
    forgiveInputs: connection.prepare('DELETE FROM failed WHERE stack = ? AND inputs = ?'),
    committed: connection.prepare('INSERT OR REPLACE INTO commits (commit_id, at) VALUES (?, ?)'),
    reached: connection.prepare('SELECT commit_id, at FROM reached'),
    reach: connection.prepare(
      'INSERT OR REPLACE INTO reached (only, commit_id, at) VALUES (1, ?, ?)',
    ),
    isOurs: connection.prepare('SELECT 1 FROM commits WHERE commit_id = ?'),
    pruneCommits: connection.prepare(
      `DELETE FROM commits WHERE commit_id IN
       (SELECT commit_id FROM commits ORDER BY at DESC LIMIT -1 OFFSET ?)`,
    ),
  }
}
