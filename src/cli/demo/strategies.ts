// The two ways in which the demo releases its shop, and what differs in the telling.
export interface Telling {
  /** Folder below examples/ that has its manifests. */
  folder: string;
  /** Service whose requests are those to the new revision once it has any. */
  measured: string;
  /** What the good release is announced as. */
  good: string;
  /** The moment at which the new revision gets traffic for the first time. */
  arrives: RegExp;
  /** Headings of the table: from the push to that moment, and from the bad sample to its end. */
  firstTraffic: string;
  badToGone: string;
}

export const TELLINGS = {
  canary: {
    folder: 'shop',
    measured: 'web-canary',
    good: 'v2: a good release goes 10 → 25 → 50 → 100 %, measured at every step',
    arrives: /^traffic: [1-9]/,
    firstTraffic: 'push → first weight',
    badToGone: 'bad sample → weight 0 written on every route',
  },
  'blue-green': {
    folder: 'blue-green',
    measured: 'web-active',
    good: 'v2: a good release stands beside v1, takes over in one write, and is measured while the pods of v1 are warm',
    arrives: /^traffic: all of it goes to the new revision/,
    firstTraffic: 'push → switch, the pause of 3 s included',
    badToGone: 'bad sample → Service switched back',
  },
} as const satisfies Record<string, Telling>;

export type StrategyName = keyof typeof TELLINGS;

export const isStrategy = (name: string): name is StrategyName => Object.hasOwn(TELLINGS, name);
