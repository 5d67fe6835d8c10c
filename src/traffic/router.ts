// What a router is to the rest: one object whose weights share the traffic out, a patch that changes them, and reading them back.
import type { KubeObject, Resource } from '../api/k8s.ts';
import type { Issue, Result } from '../api/result.ts';

/** RFC 6902. */
export type JsonPatchOp =
  { op: 'test' | 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string };

/** Percent of the traffic; the two sum to 100. */
export interface Weights {
  canary: number;
  stable: number;
}

export interface WantedWeights extends Weights {
  /** Value for the annotation `sluice.dev/rejected`; `''` or null takes it away, undefined leaves it as it is. */
  rejected?: string | null | undefined;
  /** Value for the annotation `sluice.dev/driven-by`, written with the weights; null takes it away, undefined leaves it as it is. */
  drivenBy?: string | null | undefined;
}

export interface ReadWeights extends Weights {
  /** False when the routes of the object differ; the weights are then those of the route with the most canary. */
  even: boolean;
}

export interface Router {
  kind: 'VirtualService' | 'HTTPRoute';
  resource: Resource;
  namespace: string;
  name: string;
  /** The smallest patch, `test` operations in front; empty when the object is as wanted. Issues name the object's fields. */
  plan(object: KubeObject, wanted: WantedWeights): Result<JsonPatchOp[], Issue[]>;
  /** The weights in force, in percent. */
  read(object: KubeObject): Result<ReadWeights, Issue[]>;
  /** `applied` with the weights of `live` on the routes this router drives; `applied` itself where that cannot be told. */
  keep(applied: KubeObject, live: KubeObject): KubeObject;
}

/** Pod hashes of the two revisions. */
export interface Hashes {
  canary: string;
  stable: string;
}

/** A DestinationRule whose two subsets follow the revisions by the pod hash label. */
export interface SubsetRouter {
  kind: 'DestinationRule';
  resource: Resource;
  namespace: string;
  name: string;
  /** The smallest patch of the hash labels alone; empty when the object is as wanted. */
  plan(object: KubeObject, wanted: Hashes): Result<JsonPatchOp[], Issue[]>;
  /** The hashes in force; undefined for a subset that has none yet. */
  read(object: KubeObject): Result<{ canary: string | undefined; stable: string | undefined }, Issue[]>;
}
