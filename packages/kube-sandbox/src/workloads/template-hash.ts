// The pod-template-hash: a short name for a pod template, written only in letters and digits that spell no words.
import type { PodTemplate } from '../objects.ts';
import { sorted } from '../apiserver/json.ts';

export const TEMPLATE_HASH = 'pod-template-hash';

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Collisions count as salt, so that another name can be had. */
export function templateHash(template: PodTemplate, collisionCount: number | undefined): string {
  const salt = collisionCount === undefined ? '' : String(collisionCount);
  const decimal = String(fnv32(JSON.stringify(sorted(template)) + salt));
  return decimal.replaceAll(/\d/g, (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length] ?? '');
}

/** The template as the Deployment declares it: without the hash that a ReplicaSet adds. */
export function withoutHash(template: PodTemplate): PodTemplate {
  const { [TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
