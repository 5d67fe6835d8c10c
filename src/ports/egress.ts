// Where requests may go, and which Secrets may go with them: the operator's word, asked before each request and at each connection.
import type { LookupFunction } from 'node:net';

/** On whose behalf a request is made: each has its own list of hosts. */
export type EgressUse = 'analysis' | 'git';

/** The operator's word as plain values, so that it can be handed to another process. Hosts as `HOST[:PORT]`, `*.SUFFIX` or `*`. */
export interface EgressPolicy {
  /** `--analysis-hosts`. Empty: any host that is not refused by default may be asked, without Secrets. */
  analysisHosts?: readonly string[];
  /** `--git-hosts`. Empty: as above. */
  gitHosts?: readonly string[];
  /** `--prometheus`: may always be asked by analysis, with Secrets, wherever it is. */
  prometheus?: string | undefined;
  /** Base URL of the API server: refused for every use unless its host and port are listed. */
  apiServer?: string | undefined;
}

/** What is known of a Secret beside its values. */
export interface SecretOrigin {
  namespace: string;
  name: string;
  annotations?: Readonly<Record<string, string>> | undefined;
}

/** The annotation of a Secret that names the hosts it may be sent to: `host[:port],host2`. */
export const HOSTS_ANNOTATION = 'sluice.dev/hosts';

export interface Egress {
  /** Throws `EgressRefused` where the URL may not be asked, as far as its text says. Goes together with `lookup`. */
  check(url: string | URL, use: EgressUse): void;
  /**
   * Resolves names for connections to this URL, and refuses addresses that may not be connected to (`EgressRefused`): what was checked is
   * what is connected to. Node asks it for names only, so addresses written in the URL are `check`'s.
   */
  lookup(url: string | URL, use: EgressUse): LookupFunction;
  /** Throws `EgressRefused` where values of the Secret may not be sent to the URL. Does not say that the URL may be asked. */
  checkSecret(secret: SecretOrigin, url: string | URL, use: EgressUse): void;
}

/** A request that the operator's word does not allow. The message names the flag to set, and holds no secret. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
  /** Node's errors have one; libraries show it. */
  readonly code = 'EGRESS_REFUSED';
}
