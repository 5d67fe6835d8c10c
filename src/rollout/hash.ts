// Identity: hashes over canonical JSON of what was declared, so that no upgrade of Sluice or Kubernetes re-rolls anything.
import { createHash } from 'node:crypto';

/** Consonants and digits only, so that no word appears in a name. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** JSON with the keys of every object sorted and without undefined values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const parts: string[] = [];
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object).sort()) {
    if (object[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(object[key])}`);
  }
  return `{${parts.join(',')}}`;
}

/** Ten characters that are valid in names and label values. */
export function shortHash(value: unknown): string {
  const digest = createHash('sha256').update(canonicalJson(value)).digest();
  let text = '';
  for (let i = 0; i < 10; i++) text += ALPHABET[(digest[i] ?? 0) % ALPHABET.length];
  return text;
}
