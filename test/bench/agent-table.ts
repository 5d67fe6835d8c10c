// The agent's figures for a terminal.
import type { AgentFigure } from './agent-course.ts';
import { requestCounts } from './agent-requests.ts';
import { table, type Column } from './table.ts';

const KINDS = ['get', 'list', 'discovery', 'dry-run', 'write', 'status', 'delete'] as const;

export function agentTable(figures: readonly AgentFigure[]): string {
  const numbers = [...KINDS, 'Git looks', 'Git fetches', 'Events'];
  const columns: Column[] = [{ title: '' }, ...numbers.map((title) => ({ title, align: 'right' as const }))];
  const rows = figures.map(({ name, requests, looks, fetches, events }) => {
    const counts = requestCounts(requests);
    return [name, ...[...KINDS.map((kind) => counts.get(kind) ?? 0), looks, fetches, events].map(String)];
  });
  return table(columns, rows);
}
