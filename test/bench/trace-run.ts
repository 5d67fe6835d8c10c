// Records one release of three weights, from the change of the spec to Healthy.
import { setTimeout as pause } from 'node:timers/promises';
import { USER_AGENT, type BenchClient, type Item } from './bench-client.ts';
import { start, type Contestant } from './contestant.ts';
import { WAVE_STEPS } from './manifests.ts';
import type { PretendPrometheus } from './pretend-prometheus.ts';
import { isWatch, startRecording } from '../support/recording-proxy.ts';
import { leaves, stepOf, traceText, type Step } from './trace.ts';
import { World } from './world.ts';

export interface TraceOptions {
  contestant: Contestant;
  logDirectory: string;
}

interface EventItem extends Item {
  reason?: string;
  message?: string;
  source?: { component?: string };
}

const NAME = 'traced';
const LIMIT_MS = 60_000;
/** What trails behind the last write of the release. */
const TRAIL_MS = 3_000;

export async function traceOf(
  client: BenchClient,
  prometheus: PretendPrometheus,
  { contestant, logDirectory }: TraceOptions,
): Promise<string> {
  const world = new World(client, `bench-${contestant.name}-trace`, contestant.apiVersion);
  await world.open();
  const proxy = await startRecording(client.access);
  const logFile = `${logDirectory}/${contestant.name}.log`;
  const { namespace } = world;
  const running = start(contestant, { kubeconfig: proxy.kubeconfig, prometheus: prometheus.url, namespace, logFile });
  try {
    await world.declare(NAME, WAVE_STEPS);
    await world.healthy([NAME], LIMIT_MS);
    await pause(TRAIL_MS);
    const outside: Step[] = [];
    const unfollow = await followOutside(world, (step) => outside.push(step));
    const began = performance.now();
    outside.length = 0;
    await world.change(NAME, String(Date.now()));
    const changed: Step = stepOfBench(began);
    await world.healthy([NAME], LIMIT_MS);
    await pause(TRAIL_MS);
    unfollow();
    const calls = proxy.calls.filter((call) => call.at >= began && !isWatch(call)).map(stepOf);
    return traceText([changed, ...calls, ...outside], began);
  } finally {
    await running.stop();
    await proxy.stop();
    world.close();
  }
}

const stepOfBench = (at: number): Step => ({
  at,
  who: USER_AGENT,
  verb: 'PATCH',
  resource: 'rollouts',
  name: NAME,
  what: 'spec.template.metadata.annotations.rev',
  tookMs: undefined,
});

/** What the cluster's own controllers did, as far as it shows. */
async function followOutside(world: World, saw: (step: Step) => void): Promise<() => void> {
  const statuses = new Map<string, string>();
  const replicaSets = await world.client.follow(world.path('replicasets'), ({ metadata, status }) => {
    const what = leaves(status ?? {}).join(' ');
    const before = statuses.get(metadata.name);
    statuses.set(metadata.name, what);
    if (before === what || (before === undefined && what === 'replicas=0')) return;
    saw({ ...seen('replicasets/status', metadata.name), what });
  });
  const events = await world.client.follow<EventItem>(world.path('events'), ({ metadata, reason, message, source }) => {
    if (source?.component !== 'replicaset-controller') return;
    saw({ ...seen('events', metadata.name), what: `${reason}: ${message}` });
  });
  return () => {
    replicaSets();
    events();
  };
}

const seen = (resource: string, name: string): Omit<Step, 'what'> => ({
  at: performance.now(),
  who: '(kube-controller-manager)',
  verb: 'seen',
  resource,
  name,
  tookMs: undefined,
});
