// What became of the requests of a load: how many succeeded and failed, per revision, pod hash and Service.

export interface Outcome {
  /** 0 when no answer came. */
  status: number;
  destination: string;
  version: string;
  podHash: string;
}

export interface Count {
  succeeded: number;
  failed: number;
}

export class Tally implements Count {
  succeeded = 0;
  failed = 0;
  /** Requests that were due and not sent, because too many were under way. */
  skipped = 0;
  readonly byVersion = new Map<string, Count>();
  readonly byPodHash = new Map<string, Count>();
  /** By the name of the Service the request was sent to. */
  readonly byDestination = new Map<string, Count>();
  readonly byStatus = new Map<number, number>();

  /** Requests that have ended. */
  get requests(): number {
    return this.succeeded + this.failed;
  }

  /** Share of all ended requests that a Service, pod hash or version got, from 0 to 1; 0 without any requests. */
  share(of: { destination: string } | { podHash: string } | { version: string }): number {
    const count =
      'destination' in of
        ? this.byDestination.get(of.destination)
        : 'podHash' in of
          ? this.byPodHash.get(of.podHash)
          : this.byVersion.get(of.version);
    return count === undefined ? 0 : (count.succeeded + count.failed) / this.requests;
  }

  /** An answer from 200 to 399 is a success. */
  add({ status, destination, version, podHash }: Outcome): void {
    const field = status >= 200 && status < 400 ? 'succeeded' : 'failed';
    this[field]++;
    countIn(this.byVersion, version)[field]++;
    countIn(this.byPodHash, podHash)[field]++;
    countIn(this.byDestination, destination)[field]++;
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
  }
}

function countIn(counts: Map<string, Count>, name: string): Count {
  const known = counts.get(name);
  if (known !== undefined) return known;
  const fresh = { succeeded: 0, failed: 0 };
  counts.set(name, fresh);
  return fresh;
}
