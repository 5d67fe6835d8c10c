// What must never be told. Whoever reads or writes a Secret has its values learnt; whatever goes to a person, to the cluster's records or
// to Git (log lines, Events, statuses, notes, commit messages, the page) is scrubbed first.

export interface Secrecy {
  /** Remembers a secret. `owner` is whose it is, such as a namespace: who brings many makes no other's forgotten. */
  learn(secret: string, owner?: string): void;
  /** The text with `***` where a secret, or what looks like a credential, stood; in whatever spelling. */
  scrub(text: string): string;
}

/** Where nothing is known to be secret. */
export const noSecrets: Pick<Secrecy, 'scrub'> = { scrub: (text) => text };
