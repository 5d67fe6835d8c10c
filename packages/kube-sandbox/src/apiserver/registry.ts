// Which resources are served: the built-in kinds, and those of the accepted CRDs.
import { builtinKinds } from './builtin-kinds.ts';
import { customResources } from './crd.ts';
import type { Dict } from './json.ts';
import type { ResourceType } from './resource.ts';

export interface VersionOf {
  group: string;
  version: string;
}

/** Stable before beta before alpha; then the higher number first. */
export function versionOrder(a: string, b: string): number {
  const rank = (v: string): [number, number, number] => {
    const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(v);
    if (found === null) return [0, 0, 0];
    const level = found[2] === undefined ? 3 : found[2] === 'beta' ? 2 : 1;
    return [level, Number(found[1]), Number(found[3] ?? 0)];
  };
  const [x, y] = [rank(a), rank(b)];
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2] || (a < b ? -1 : 1);
}

export class Registry {
  readonly #builtin = builtinKinds();
  readonly #custom = new Map<string, ResourceType[]>();
  #all: ResourceType[] = [...this.#builtin];

  all(): readonly ResourceType[] {
    return this.#all;
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.#all.find((r) => r.group === group && r.version === version && r.plural === plural);
  }

  /** By kind, in the version that the server prefers. */
  kind(group: string, kind: string): ResourceType | undefined {
    const found = this.#all.filter((r) => r.group === group && r.kind === kind);
    return found.toSorted((a, b) => versionOrder(a.version, b.version))[0];
  }

  bucket(bucket: string): ResourceType | undefined {
    return this.#all.find((r) => r.bucket === bucket);
  }

  isBuiltinGroup(group: string): boolean {
    return this.#builtin.some((r) => r.group === group);
  }

  /** Groups with their versions, the preferred one first. */
  groups(): Map<string, string[]> {
    const groups = new Map<string, Set<string>>();
    for (const r of this.#all) groups.set(r.group, (groups.get(r.group) ?? new Set()).add(r.version));
    return new Map([...groups].map(([group, versions]) => [group, [...versions].toSorted(versionOrder)]));
  }

  inVersion({ group, version }: VersionOf): ResourceType[] {
    return this.#all.filter((r) => r.group === group && r.version === version);
  }

  /** Serves what a CRD declares, in place of what it declared before. */
  serve(crd: Dict, name: string): void {
    this.#custom.set(name, customResources(crd));
    this.#refresh();
  }

  withdraw(name: string): void {
    this.#custom.delete(name);
    this.#refresh();
  }

  #refresh(): void {
    this.#all = [...this.#builtin, ...[...this.#custom.values()].flat()];
  }
}
