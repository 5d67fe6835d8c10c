// What `dependsOn` waits for, one decision at a time.
import { describe, expect, it } from 'vitest';
import type { Application, ApplicationSpec, ApplicationStatus } from '../../../src/api/application.ts';
import { decideApplication, type AgentDecision } from '../../../src/application/decide.ts';
import { Memory } from '../../../src/application/memory.ts';
import type { Neighbour } from '../../../src/application/sync/claims.ts';
import { application, applied, config, declared, entryOf, NOW, seen } from '../seen.ts';

const COMMIT = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

interface Neighbourly {
  spec?: Partial<ApplicationSpec>;
  status?: ApplicationStatus;
  hasLooked?: boolean;
}

const READY: ApplicationStatus = {
  observedGeneration: 1,
  attempted: { commit: COMMIT },
  conditions: [
    { type: 'Ready', status: 'True', reason: 'Synced', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
};
const ELSEWHERE = { source: { repoURL: 'https://git.example.com/platform.git' } };

function neighbour(name: string, { spec = {}, status = READY, hasLooked = true }: Neighbourly): Neighbour {
  return { app: { ...application(spec, name), status }, hasLooked };
}

/** Decides about new content with nothing in force before, or `before`, once the server has accepted all of it. */
function decide(
  dependsOn: ApplicationSpec['dependsOn'],
  others: Record<string, Neighbourly> = {},
  { before, more = {} }: { before?: string; more?: Partial<Application> } = {},
): AgentDecision {
  const app = { ...application({ dependsOn }), ...more };
  const objects = [config('a', { v: '2' })];
  const memory = new Memory();
  const old = config('a', { v: '1' });
  if (before !== undefined) memory.accept(declared([old], app, before));
  const look = (): AgentDecision =>
    decideApplication(
      seen({
        app,
        declares: objects,
        commit: COMMIT,
        memory,
        live: before === undefined ? [] : [applied(old, app)],
        resources: before === undefined ? [] : [entryOf(applied(old, app))],
        more: {
          neighbour: (_, name) => {
            const found = name === app.metadata.name ? { spec: app.spec } : others[name];
            return found && neighbour(name, found);
          },
        },
      }),
    );
  for (const intent of look().intents) {
    if (intent.do !== 'Check') continue;
    for (const { key, fingerprint, body } of intent.requests)
      memory.answer(key, fingerprint, { kind: 'accepted', object: body }, NOW);
  }
  return look();
}

const doings = ({ intents }: AgentDecision): string[] => intents.map(({ do: what }) => what);

describe('An Application that depends on another', () => {
  it('is applied once the other is ready', () => {
    expect(doings(decide([{ name: 'db' }], { db: { spec: ELSEWHERE } }))).toEqual(['Apply']);
  });

  it.each<[string, Neighbourly | undefined, string]>([
    ['does not exist', undefined, 'waits for Application shop/db, which does not exist'],
    ['has no status yet', { status: {} }, 'waits for Application shop/db to be ready'],
    [
      'says it of an earlier spec',
      { spec: ELSEWHERE, status: { ...READY, observedGeneration: 0 } },
      'waits for Application shop/db to be ready',
    ],
    [
      'has not taken the same commit of the same repository',
      { status: { ...READY, attempted: { commit: OTHER } } },
      'waits for Application shop/db to take the same commit',
    ],
  ])('waits while that one %s, and says so', (_, other, text) => {
    const decision = decide([{ name: 'db' }], other ? { db: other } : {});
    expect(doings(decision)).toEqual([]);
    expect(decision.status).toMatchObject({ phase: 'OutOfSync', message: `aaaaaaa ${text}` });
    expect(decision.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'Waiting' });
  });

  it('has the other look at the repository that both follow, where it has not since', () => {
    const behind = { status: { ...READY, attempted: { commit: OTHER } }, hasLooked: false };
    expect(decide([{ name: 'db' }], { db: behind }).intents).toEqual([
      { do: 'Ask', applications: ['sluice.dev/Application/shop/db'] },
    ]);
  });

  it('does not wait for the commit of another branch', () => {
    const release = {
      spec: { source: { repoURL: 'https://git.example.com/shop.git', targetRevision: 'release' } },
      status: { ...READY, attempted: { commit: OTHER } },
    };
    expect(doings(decide([{ name: 'db' }], { db: release }))).toEqual(['Apply']);
  });

  it('keeps what is applied as it is meanwhile, and says so', () => {
    const decision = decide([{ name: 'db' }], {}, { before: OTHER });
    expect(doings(decision)).toEqual([]);
    expect(decision.accepted?.commit.oid).toBe(OTHER);
    expect(decision.status.message).toBe(
      'aaaaaaa waits for Application shop/db, which does not exist; bbbbbbb stays applied',
    );
  });

  it('names all that it waits for', () => {
    expect(decide([{ name: 'db' }, { name: 'certs', namespace: 'platform' }]).status.message).toBe(
      'aaaaaaa waits for Application shop/db, which does not exist; Application platform/certs, which does not exist',
    );
  });

  it.each<[string, ApplicationSpec['dependsOn'], Record<string, Neighbourly>, string]>([
    ['by itself', [{ name: 'shop' }], {}, 'shop/shop depends on shop/shop'],
    [
      'by others',
      [{ name: 'db' }, { name: 'cache' }],
      {
        db: { spec: { dependsOn: [{ name: 'net' }] } },
        net: { spec: { dependsOn: [{ name: 'db' }] } },
        cache: { spec: { dependsOn: [{ name: 'shop' }] } },
      },
      'shop/shop depends on shop/cache depends on shop/shop',
    ],
  ])('on itself, %s, fails with the whole circle', (_, dependencies, others, circle) => {
    const { status } = decide(dependencies, others);
    expect(status).toMatchObject({
      phase: 'Failed',
      message: `aaaaaaa waits for itself: ${circle}; take it out of one dependsOn`,
    });
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'DependencyCycle' });
  });
});
