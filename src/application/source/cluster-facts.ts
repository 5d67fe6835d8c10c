// What the cluster says of itself, for charts: its version, and all that it serves.
import { isRecord } from '../../api/json.ts';
import { apiVersionOf } from '../../api/k8s.ts';
import type { KubeClient, ServedResource } from '../../kube/types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClusterFacts } from '../../ports/rendering.ts';

/** How long what is served is taken for what it was read as, where no kind that is missing has it read anew. */
const STALE_MS = 10 * 60_000;

export interface ClusterFactsDeps {
  client: Pick<KubeClient, 'discover' | 'raw'>;
  clock: Clock;
}

/** Keeps the facts: looks ask memory, which the API server is asked for at most every ten minutes, and when a kind was looked for in vain. */
export class ClusterFactsReader {
  readonly #deps: ClusterFactsDeps;
  #known: { served: readonly ServedResource[]; facts: ClusterFacts } | undefined;
  #askedAt: number | undefined;

  constructor(deps: ClusterFactsDeps) {
    this.#deps = deps;
  }

  /** The same value as long as nothing has changed. Rejects where the API server does not tell. */
  async facts(): Promise<ClusterFacts> {
    const { client, clock } = this.#deps;
    const isStale = this.#askedAt !== undefined && clock.now() - this.#askedAt >= STALE_MS;
    if (isStale || this.#askedAt === undefined) this.#askedAt = clock.now();
    const served = await client.discover({ refresh: isStale });
    if (this.#known?.served === served) return this.#known.facts;
    const facts = { version: await this.#version(), apiVersions: apiVersionsOf(served) };
    const before = this.#known?.facts;
    this.#known = { served, facts: before && isSame(before, facts) ? before : facts };
    return this.#known.facts;
  }

  async #version(): Promise<string> {
    const answer = await this.#deps.client.raw({ method: 'GET', path: '/version' });
    const said: unknown = answer.status === 200 ? JSON.parse(answer.body) : undefined;
    if (isRecord(said) && typeof said['gitVersion'] === 'string') return said['gitVersion'];
    throw new Error(`the API server does not tell its version (${answer.status})`);
  }
}

/** As helm names them: `apps/v1` and `apps/v1/Deployment`. */
function apiVersionsOf(served: readonly ServedResource[]): string[] {
  const names = served.flatMap((resource) => {
    const version = apiVersionOf(resource);
    return resource.kind === '' ? [version] : [version, `${version}/${resource.kind}`];
  });
  return [...new Set(names)].sort();
}

const isSame = (a: ClusterFacts, b: ClusterFacts): boolean =>
  a.version === b.version &&
  a.apiVersions.length === b.apiVersions.length &&
  a.apiVersions.every((version, index) => version === b.apiVersions[index]);
