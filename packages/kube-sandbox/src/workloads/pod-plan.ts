// What a pod's own spec says about how it will behave in the sandbox: when it is ready, when it ends, and whether it can start at all.
import type { Pod } from './pod.ts';

const READY_AFTER = 'kube-sandbox/ready-after-ms';
const MISSING_IMAGE = /does-not-exist|:bad$/;

interface EnvVariable {
  name: string;
  value?: string;
}

/** Images that no registry has. */
export const missingImages = (pod: Pod): ReadonlySet<string> =>
  new Set(pod.spec.containers.map(({ image = '' }) => image).filter((image) => MISSING_IMAGE.test(image)));

/** Milliseconds from the start of the containers to their readiness: the annotation, else READY_AFTER_MS of the first container. */
export function readyAfter(pod: Pod, otherwise: number): number {
  const env = (pod.spec.containers[0]?.['env'] ?? []) as EnvVariable[];
  const texts = [pod.metadata.annotations?.[READY_AFTER], env.find(({ name }) => name === 'READY_AFTER_MS')?.value];
  const said = texts.find((text) => text !== undefined && text.trim() !== '');
  const ms = said === undefined ? Number.NaN : Number(said);
  return Number.isFinite(ms) && ms >= 0 ? ms : otherwise;
}

/** A readiness check that says no by itself. */
export const neverPasses = (pod: Pod): boolean =>
  pod.spec.containers.some((container) => {
    const probe = container['readinessProbe'] as { exec?: { command?: string[] } } | undefined;
    return probe?.exec?.command?.join(' ') === 'false';
  });

/**
 * When and how the first container's command ends, for pods that are meant to end (restartPolicy other than Always): after its
 * `sleep N` with its `exit M`; 0 where it names none, 1 for `false`. Undefined without a command: such an image serves until it is stopped.
 */
export function ending(pod: Pod): { afterMs: number; exitCode: number } | undefined {
  if ((pod.spec.restartPolicy ?? 'Always') === 'Always') return undefined;
  const container = pod.spec.containers[0];
  const words = [...((container?.['command'] ?? []) as string[]), ...((container?.['args'] ?? []) as string[])];
  if (words.length === 0) return undefined;
  const text = words.join(' ');
  const seconds = [...text.matchAll(/\bsleep\s+(\d+(?:\.\d+)?)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  const exit = /\bexit\s+(\d+)/.exec(text)?.[1];
  return { afterMs: seconds * 1000, exitCode: exit === undefined ? Number(/\bfalse\b/.test(text)) : Number(exit) };
}
