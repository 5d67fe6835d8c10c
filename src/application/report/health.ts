// How an Application does as a whole: as its worst object. Applied and healthy is what `Ready` says. Pure.
import type { ApplicationStatus, RecordedHealth, ResourceStatus } from '../../api/application.ts';
import { nameOf } from '../../api/object-key.ts';
import { said, type Said, type Verdict } from './said.ts';

/** Worst first. */
const ORDER: readonly RecordedHealth['status'][] = ['Degraded', 'Unknown', 'Progressing', 'Suspended', 'Healthy'];
const MAX_NAMED = 3;

interface Worst {
  status: RecordedHealth['status'];
  /** Who has it. */
  entries: ResourceStatus[];
}

/** What has left Git does not count. */
function worstOf(resources: readonly ResourceStatus[]): Worst {
  const counted = resources.filter(({ status }) => status !== 'PruneSkipped');
  const status = ORDER.find((word) => counted.some(({ health }) => health?.status === word)) ?? 'Healthy';
  return { status, entries: counted.filter(({ health }) => health?.status === status) };
}

/** The worst health of what is declared, with who has it. */
export function overall(resources: readonly ResourceStatus[]): RecordedHealth {
  const { status, entries } = worstOf(resources);
  if (status === 'Healthy') return { status };
  return { status, message: listed(entries.map((entry) => `${nameOf(entry)}: ${entry.health?.message ?? ''}`)) };
}

function listed(texts: readonly string[]): string {
  const more = texts.length > MAX_NAMED ? `; and ${texts.length - MAX_NAMED} more` : '';
  return `${[...texts].sort().slice(0, MAX_NAMED).join('; ')}${more}`;
}

/** What `Ready` gives as the reason where a commit is applied and not healthy. */
const REASONS: Readonly<Record<RecordedHealth['status'], string>> = {
  Healthy: 'Synced',
  Progressing: 'Progressing',
  Degraded: 'Degraded',
  Suspended: 'Paused',
  Unknown: 'HealthUnknown',
};

/** True where what Git says is applied and healthy. It is written once, whatever is counted meanwhile. */
export function readyBy({ phase, reason, message }: Verdict, resources: readonly ResourceStatus[]): Said {
  const { status, entries } = worstOf(resources);
  if (phase !== 'Synced' || status === 'Healthy') return said('Ready', phase === 'Synced', reason, message);
  const why = `${message}; ${status}: ${listed(entries.map((entry) => nameOf(entry)))}`;
  return said('Ready', false, REASONS[status], why);
}

/** Why the phase is what it is, whatever the health; undefined where nothing is on record. */
export function verdictReason(status: ApplicationStatus | undefined): string | undefined {
  const reason = status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  const isByHealth = status?.phase === 'Synced' && reason !== undefined && Object.values(REASONS).includes(reason);
  return isByHealth ? 'Synced' : reason;
}

/** Whether nothing but how things do differs from the record: that may wait for company. `Ready` does not. */
export function isHealthAlone(patch: Record<string, unknown>, recorded: ApplicationStatus | undefined): boolean {
  if (Object.keys(patch).some((field) => field !== 'resources' && field !== 'health')) return false;
  const resources = patch['resources'];
  return resources === undefined || gist(resources) === gist(recorded?.resources);
}

const gist = (resources: unknown): string =>
  JSON.stringify(resources, (name, value: unknown) => (name === 'health' ? undefined : value));
