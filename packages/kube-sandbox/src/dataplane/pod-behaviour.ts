// What a pod of the sandbox does with a request, read from what is declared: its environment and its annotations.
import type { KubeObject } from '../objects.ts';

const ERROR_RATE_ANNOTATION = 'kube-sandbox/error-rate';
const LATENCY_ANNOTATION = 'kube-sandbox/latency-ms';

export interface Behaviour {
  /** Share of the requests that are answered with 500. */
  errorRate: number;
  latencyMs: number;
  /** Up to this much is added to the latency, by lot. */
  jitterMs: number;
  /** A setting that cannot be read: every request is answered with 500 and this text. */
  problem?: string;
}

interface Setting {
  /** Where a person wrote it. */
  from: string;
  text: string | undefined;
}

/** An annotation outranks the environment. */
export function behaviourOf(env: ReadonlyMap<string, string>, pod: KubeObject): Behaviour {
  const annotations = pod.metadata.annotations ?? {};
  const setting = (name: string, annotation?: string): Setting => {
    const text = annotation === undefined ? undefined : annotations[annotation];
    if (text !== undefined) return { from: `annotation ${annotation ?? ''}`, text };
    return { from: `environment variable ${name}`, text: env.get(name) };
  };
  const errorRate = numberIn(setting('ERROR_RATE', ERROR_RATE_ANNOTATION), 1);
  const latencyMs = numberIn(setting('LATENCY_MS', LATENCY_ANNOTATION), MAX_DELAY_MS);
  const jitterMs = numberIn(setting('JITTER_MS'), MAX_DELAY_MS);
  const problem = [errorRate, latencyMs, jitterMs].find((value) => typeof value === 'string');
  const plain = (value: number | string): number => (typeof value === 'number' ? value : 0);
  return {
    errorRate: plain(errorRate),
    latencyMs: plain(latencyMs),
    jitterMs: plain(jitterMs),
    ...(typeof problem === 'string' ? { problem } : {}),
  };
}

const MAX_DELAY_MS = 600_000;

/** The number, 0 when nothing is set, or what to write instead. */
function numberIn({ from, text }: Setting, max: number): number | string {
  if (text === undefined || text.trim() === '') return 0;
  const value = Number(text);
  return value >= 0 && value <= max ? value : `${from} is "${text}": write a number from 0 to ${max}`;
}
