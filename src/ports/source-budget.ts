// What reading one commit may cost, counted: the same input meets the same limit at the same place, whatever machine reads it.

export interface SourceLimits {
  /** Bytes of the pack that a fetch brings. */
  packBytes: number;
  packObjects: number;
  /** Bytes of all its objects, inflated and with their deltas applied. */
  inflatedBytes: number;
  /** Bytes of one object of it. */
  objectBytes: number;
  /** How many deltas may build on each other. */
  deltaDepth: number;
  /** Folders looked into below the path, each as often as it is named. */
  folders: number;
  /** Names in those folders. */
  entries: number;
  /** Folders within folders. */
  depth: number;
  /** Symbolic links followed. */
  links: number;
  /** Files with manifests. */
  files: number;
  /** Bytes of one file with manifests. */
  fileBytes: number;
  /** Bytes of all of them. */
  manifestBytes: number;
  documents: number;
  /** Characters of one document. */
  documentChars: number;
  /** Mappings, lists, keys and scalars, once aliases are expanded. */
  values: number;
  objects: number;
  /** Keys that merge keys (`<<`) bring. */
  mergeKeys: number;
}

export type LimitName = keyof SourceLimits;

const KIB = 2 ** 10;
const MIB = 2 ** 20;

export const SOURCE_LIMITS: Readonly<SourceLimits> = {
  packBytes: 64 * MIB,
  packObjects: 200_000,
  inflatedBytes: 256 * MIB,
  objectBytes: 32 * MIB,
  deltaDepth: 250,
  folders: 10_000,
  entries: 100_000,
  depth: 32,
  links: 1_000,
  files: 5_000,
  fileBytes: 4 * MIB,
  manifestBytes: 16 * MIB,
  documents: 10_000,
  documentChars: 1536 * KIB,
  values: 500_000,
  objects: 5_000,
  mergeKeys: 100_000,
};

const SPLIT = 'split it into several Applications (spec.source.path)';
const HISTORY = 'keep large files out of the repository that is deployed from';

/** What is counted, and what to do about too much of it. */
const SAID: Readonly<Record<LimitName, [what: string, advice: string]>> = {
  packBytes: ['bytes in the pack that the server sent', HISTORY],
  packObjects: ['objects in the pack that the server sent', HISTORY],
  inflatedBytes: ['bytes in the objects of the repository once unpacked', HISTORY],
  objectBytes: ['bytes in one object of the repository', HISTORY],
  deltaDepth: ['deltas that build on each other in the pack', 'repack the repository (git gc)'],
  folders: ['folders below spec.source.path', 'narrow spec.source.path'],
  entries: ['files and folders below spec.source.path', 'narrow spec.source.path'],
  depth: ['folders within each other', 'narrow spec.source.path'],
  links: ['symbolic links below spec.source.path', 'replace them by the files they name'],
  files: ['files with manifests', SPLIT],
  fileBytes: ['bytes in one file', 'split the file'],
  manifestBytes: ['bytes in all manifests', SPLIT],
  documents: ['YAML documents', SPLIT],
  documentChars: ['characters in one YAML document', 'split it: an API server takes no object that large'],
  values: ['values in all manifests once their aliases are expanded', `use fewer aliases, or ${SPLIT}`],
  objects: ['objects', SPLIT],
  mergeKeys: ['keys brought by merge keys (<<)', 'write them out'],
};

/** A commit costs more than it may. The message names the limit and what to do. */
export class LimitExceeded extends Error {
  override readonly name = 'LimitExceeded';
  readonly limit: LimitName;

  constructor(limit: LimitName, max: number, at?: string) {
    const [what, advice] = SAID[limit];
    super(`${at === undefined ? '' : `${at}: `}more than ${count(max)} ${what} (limit ${limit}); ${advice}`);
    this.limit = limit;
  }
}

const count = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** The budget of one commit. */
export class SourceBudget {
  readonly limits: Readonly<SourceLimits>;
  readonly #spent = new Map<LimitName, number>();

  constructor(limits: Readonly<SourceLimits> = SOURCE_LIMITS) {
    this.limits = limits;
  }

  /** Counts `amount` more; `at` says where, for the message. Throws LimitExceeded. */
  spend(limit: LimitName, amount: number, at?: string): void {
    const spent = (this.#spent.get(limit) ?? 0) + amount;
    this.#spent.set(limit, spent);
    this.hold(limit, spent, at);
  }

  /** Compares one size with its limit. Throws LimitExceeded. */
  hold(limit: LimitName, size: number, at?: string): void {
    if (size > this.limits[limit]) throw new LimitExceeded(limit, this.limits[limit], at);
  }

  /** What may still be spent. */
  left(limit: LimitName): number {
    return this.limits[limit] - (this.#spent.get(limit) ?? 0);
  }
}
