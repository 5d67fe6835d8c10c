// Whether a controller acts: one that does renews its Lease, which is watched for as long as it may take. No clock but one's own is asked.
import { LEASE_LABEL, RESOURCES } from '../api/names.ts';
import { qualifiedName } from '../api/object-key.ts';
import type { Lease } from '../kube/lease.ts';
import type { KubeClient } from '../kube/types.ts';
import { delay, type Clock } from '../ports/clock.ts';

export interface Looking {
  client: Pick<KubeClient, 'list'>;
  clock: Clock;
  print: (line: string) => void;
}

const LOOK_MS = 1_000;
/** As long as a controller's Lease is valid by default. */
const DURATION_S = 15;
/** Whatever a Lease says of itself. */
const MAX_S = 60;

/** Rejects where a controller renews its Lease. `namespace`: the Lease is there; undefined: anywhere. Takes no longer than the Lease is valid. */
export async function refuseWhileOneActs(looking: Looking, namespace: string | undefined): Promise<void> {
  const { clock, print } = looking;
  const before = await held(looking, namespace);
  if (before.length === 0) return;
  const known = new Map(before.map((lease) => [qualifiedName(lease.metadata), renewalOf(lease)]));
  const seconds = Math.max(...before.map(({ spec }) => spec?.leaseDurationSeconds ?? DURATION_S));
  const until = clock.now() + Math.min(seconds, MAX_S) * 1000;
  print(`looking whether a controller still renews ${[...known.keys()].map((name) => `Lease ${name}`).join(', ')}`);
  while (clock.now() < until) {
    await delay(clock, LOOK_MS);
    const acting = (await held(looking, namespace)).find(
      (lease) => known.get(qualifiedName(lease.metadata)) !== renewalOf(lease),
    );
    if (acting) throw new Error(refusalOf(acting));
  }
}

/** Leases that somebody holds, or has left without giving them back. */
async function held({ client }: Looking, namespace: string | undefined): Promise<Lease[]> {
  const selection = { ...(namespace === undefined ? {} : { namespace }), labelSelector: LEASE_LABEL };
  const { items } = await client.list<Lease>(RESOURCES.leases, selection);
  return items.filter(({ spec }) => (spec?.holderIdentity ?? '') !== '');
}

const renewalOf = ({ spec = {} }: Lease): string => JSON.stringify([spec.holderIdentity, spec.renewTime]);

const refusalOf = ({ metadata, spec }: Lease): string =>
  `a controller acts (${spec?.holderIdentity ?? ''} renews Lease ${qualifiedName(metadata)}), and takes back what a Rollout refers to: stop it, ` +
  `as by scaling its Deployment to 0, then run this again; --lease-namespace names the one that is meant where there are several`;
