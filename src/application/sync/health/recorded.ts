// The health of a live object, as an entry of the status has it. Pure.
import type { RecordedHealth, ResourceStatus } from '../../../api/application.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import type { Live } from '../../seen.ts';
import { healthOf } from './health.ts';

/** The entry with the health of what is live; without one where the object is there and has no status to tell by. */
export function withHealth(entry: ResourceStatus, live: Live): ResourceStatus {
  if (live.state === 'pending') return entry;
  const { health: _before, ...rest } = entry;
  const health = live.state === 'failed' ? NOT_SEEN : healthIn(entry, live.object);
  return health === undefined ? rest : { ...rest, health };
}

const NOT_SEEN: RecordedHealth = { status: 'Unknown', message: 'cannot be looked at' };
const NOT_THERE: RecordedHealth = { status: 'Progressing', message: 'is not there' };

function healthIn({ status }: ResourceStatus, live: KubeObject | undefined): RecordedHealth | undefined {
  // A Job that is done may have taken itself away.
  if (!live) return status === 'Synced' ? undefined : NOT_THERE;
  const { health, message } = healthOf(live);
  if (message !== '') return { status: health, message };
  return health === 'Healthy' && live.status === undefined ? undefined : { status: health };
}
