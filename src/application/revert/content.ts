// What makes a revision the one that was rejected: its pods, what they read, and the steps it was tried by. And the object that stands in
// for it meanwhile: what Git declares, with these parts as they were in the stable revision.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import type { ObjectKey } from '../../api/object-key.ts';
import { shortHash } from '../../rollout/hash.ts';
import { readKeys, templateKeys } from './dependents.ts';

/** Fields of a strategy that say how pods are replaced and not what is tried: they are applied as ever. */
const KNOBS: Readonly<Record<'canary' | 'blueGreen', readonly string[]>> = {
  canary: ['maxSurge', 'maxUnavailable', 'scaleDownDelaySeconds', 'abortScaleDownDelaySeconds'],
  blueGreen: ['maxUnavailable', 'scaleDownDelaySeconds', 'scaleDownDelayRevisionLimit', 'abortScaleDownDelaySeconds'],
};
const STRATEGIES = ['canary', 'blueGreen'] as const;
/** Of a canary it needs a router: goes with the strategy that has one. */
const ROUTED_KNOB = 'scaleDownDelaySeconds';

/** Fields of a ConfigMap or Secret that pods see. */
const DATA = ['data', 'binaryData', 'stringData'] as const;

export type FindObject = (key: ObjectKey) => KubeObject | undefined;

/** Hash of the pod template, the steps and what they name, and what the pods read, as far as it is declared. */
export function trialHash(rollout: KubeObject, find: FindObject): string {
  const spec = specOf(rollout);
  return shortHash({
    template: spec['template'],
    strategy: withoutKnobs(spec['strategy']),
    reads: contents(readKeys(rollout), find, dataOf),
    measures: contents(templateKeys(rollout), find, (object) => object.spec),
  });
}

/** Hash of the pod template alone. */
export const templateHash = (rollout: KubeObject): string => shortHash(specOf(rollout)['template'] ?? null);

/** The declared Rollout with the pods and the way of release of the stable one. */
export function standIn(declared: KubeObject, stable: KubeObject): KubeObject {
  const [spec, before] = [specOf(declared), specOf(stable)];
  const { template, strategy } = before;
  return { ...declared, spec: { ...spec, template, strategy: withKnobsOf(spec['strategy'], strategy) } };
}

/** The declared ConfigMap or Secret with the data of the stable one. */
export function standInData(declared: KubeObject, stable: KubeObject): KubeObject {
  const rest = Object.entries(declared).filter(([field]) => !(DATA as readonly string[]).includes(field));
  const data = DATA.flatMap((field) => (stable[field] === undefined ? [] : [[field, stable[field]]]));
  const { immutable: _declared, ...others } = Object.fromEntries([...rest, ...data]) as KubeObject;
  return (stable['immutable'] === undefined ? others : { ...others, immutable: stable['immutable'] }) as KubeObject;
}

/** Whether pods would see a difference. */
export const isSameData = (a: KubeObject, b: KubeObject): boolean => shortHash(dataOf(a)) === shortHash(dataOf(b));

/** Whether it is the same way of release, its knobs aside. */
export const isSameStrategy = (a: KubeObject, b: KubeObject): boolean =>
  shortHash(withoutKnobs(specOf(a)['strategy'])) === shortHash(withoutKnobs(specOf(b)['strategy']));

function contents(keys: ReadonlySet<ObjectKey>, find: FindObject, part: (object: KubeObject) => unknown): unknown {
  return [...keys].sort().flatMap((key) => {
    const object = find(key);
    return object === undefined ? [] : [[key, part(object)]];
  });
}

/** What pods see of it; a Secret's texts as the server stores them. */
export function dataOf(object: KubeObject): Record<string, unknown> {
  const part = (field: string): Record<string, unknown> => {
    const value = object[field];
    return isRecord(value) ? value : {};
  };
  const texts = Object.entries(part('stringData')).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ]);
  return { data: { ...part('data'), ...Object.fromEntries(texts) }, binaryData: part('binaryData') };
}

function withoutKnobs(strategy: unknown): unknown {
  if (!isRecord(strategy)) return strategy;
  return STRATEGIES.reduce<Record<string, unknown>>((all, name) => {
    const own = all[name];
    if (!isRecord(own)) return all;
    return {
      ...all,
      [name]: Object.fromEntries(Object.entries(own).filter(([field]) => !KNOBS[name].includes(field))),
    };
  }, strategy);
}

function withKnobsOf(declared: unknown, strategy: unknown): unknown {
  const bare = withoutKnobs(strategy);
  if (!isRecord(declared) || !isRecord(strategy) || !isRecord(bare)) return strategy;
  return STRATEGIES.reduce<Record<string, unknown>>((all, name) => {
    const [from, own] = [declared[name], bare[name]];
    return isRecord(from) && isRecord(own) ? { ...all, [name]: { ...own, ...knobsFor(name, from, own) } } : all;
  }, strategy);
}

function knobsFor(name: keyof typeof KNOBS, from: Record<string, unknown>, own: Record<string, unknown>): object {
  const fits = (knob: string): boolean =>
    name === 'blueGreen' || knob !== ROUTED_KNOB || own['trafficRouting'] !== undefined;
  return Object.fromEntries(
    KNOBS[name].filter((knob) => from[knob] !== undefined && fits(knob)).map((knob) => [knob, from[knob]]),
  );
}

const specOf = (object: KubeObject): Record<string, unknown> => (isRecord(object.spec) ? object.spec : {});
