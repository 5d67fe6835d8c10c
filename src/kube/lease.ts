// Who acts: election by a Lease, as Kubernetes' own controllers do it, with a fence of its own. A holder that could not renew in time
// stops being leader by the clock alone, before anybody else may take over; nothing has to run for that.
import type { KubeObject, ObjectMeta } from '../api/k8s.ts';
import { LEASE_LABEL, RESOURCES } from '../api/names.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { isAlreadyExists, isConflict } from './errors.ts';
import type { KubeClient } from './types.ts';

export interface LeaseOptions {
  client: Pick<KubeClient, 'get' | 'create' | 'update'>;
  clock: Clock;
  /** Milliseconds on a clock that never goes back and runs on while the process is stopped. Default `performance.now`. */
  monotonic?: () => number;
  log: Log;
  namespace: string;
  name: string;
  /** Unique to this process. */
  identity: string;
  /** How long others wait after the last renewal that they saw. Default 15,000. */
  leaseDurationMs?: number;
  /** How long after the last renewal this process still acts. Default 10,000; must be below the lease duration. */
  renewDeadlineMs?: number;
  /** Between two tries. Default 2,000. */
  retryPeriodMs?: number;
  onAcquired?: () => void;
  /** Told once each time leadership ends other than by `stop`. */
  onLost?: () => void;
}

/** A write was refused because this process no longer leads. */
export class LostLeadership extends Error {
  override readonly name = 'LostLeadership';
}

export interface LeaseSpec {
  holderIdentity?: string | null;
  leaseDurationSeconds?: number;
  acquireTime?: string | null;
  renewTime?: string | null;
  leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  spec?: LeaseSpec;
}

export class LeaseElection {
  readonly #options: LeaseOptions;
  readonly #durationMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  readonly #monotonic: () => number;
  readonly #stopping = new AbortController();
  /** The record as last seen, and when it last changed by our own clock: other hosts' clocks are not trusted. */
  #seen: { lease: Lease; fingerprint: string; at: number } | undefined;
  /** When the last successful renewal was sent; undefined when not leading. */
  #renewedAt: number | undefined;
  #trying: Promise<void> | undefined;
  #cancel: Cancel | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#durationMs = options.leaseDurationMs ?? 15_000;
    this.#deadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryPeriodMs ?? 2_000;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    if (this.#deadlineMs >= this.#durationMs || this.#retryMs >= this.#deadlineMs) {
      throw new Error('a lease needs retry period < renew deadline < lease duration');
    }
  }

  start(): void {
    if (this.#trying === undefined && !this.#stopping.signal.aborted) this.#tick();
  }

  /** Judged at the moment of asking. */
  isLeader(): boolean {
    return this.remainingMs() > 0;
  }

  /** How long this process may still act without another renewal, in milliseconds; 0 when it does not lead. */
  remainingMs(): number {
    if (this.#renewedAt === undefined || this.#stopping.signal.aborted) return 0;
    return Math.max(0, this.#renewedAt + this.#deadlineMs - this.#monotonic());
  }

  /** From the moment of asking until others may take over, in milliseconds: the longest that a write in flight may last. */
  marginMs(): number {
    if (!this.isLeader()) return 0;
    return Math.max(0, (this.#renewedAt ?? 0) + this.#durationMs - this.#monotonic());
  }

  /** To be called before every write. Throws LostLeadership when this process does not lead. */
  fence(): void {
    if (this.isLeader()) return;
    this.#checkLoss();
    throw new LostLeadership(`this process does not hold the lease ${this.#options.namespace}/${this.#options.name}`);
  }

  /** Who held the lease when it was last looked at; undefined when nobody did. */
  holder(): string | undefined {
    return this.#seen?.lease.spec?.holderIdentity || undefined;
  }

  /** Leads no more from the first moment, then gives the lease back so that another need not wait for its end. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const led = this.isLeader();
    this.#stopping.abort(new Error('the election was stopped'));
    this.#cancel?.();
    await this.#trying;
    this.#renewedAt = undefined;
    if (led) await this.#release();
  }

  #tick(): void {
    this.#checkLoss();
    this.#trying = this.#attempt().then((retryAtOnce) => {
      if (this.#stopping.signal.aborted) return;
      this.#cancel = this.#options.clock.after(retryAtOnce ? 0 : this.#retryMs, () => this.#tick());
    });
  }

  /** True when the next try should follow at once: the record was not what we thought. */
  async #attempt(): Promise<boolean> {
    const { log, name } = this.#options;
    try {
      return await this.#acquireOrRenew();
    } catch (error) {
      if (this.#stopping.signal.aborted) return false;
      if (isConflict(error) || isAlreadyExists(error)) return this.#lookAgain();
      log.warn('cannot reach the lease', { name, error: error instanceof Error ? error.message : String(error) });
      return false;
    }
  }

  /** Another has written. True where the record is ours and not the one that was expected. */
  async #lookAgain(): Promise<boolean> {
    const expected = this.#seen?.fingerprint;
    await this.#look().catch(() => undefined);
    if (this.#renewedAt !== undefined && !this.#isOurs()) this.#lose();
    return this.#isOurs() && this.#seen?.fingerprint !== expected;
  }

  async #acquireOrRenew(): Promise<boolean> {
    // The leader knows the record and saves the read; a conflict says when it is wrong.
    if (this.#renewedAt === undefined || this.#seen === undefined) await this.#look();
    if (this.#seen === undefined) await this.#write(undefined);
    else if (this.#isOurs() || this.#isFree()) await this.#write(this.#seen.lease);
    return false;
  }

  async #look(): Promise<void> {
    const { client, namespace, name } = this.#options;
    const lease = await client.get<Lease>(RESOURCES.leases, name, namespace, this.#call());
    if (lease === undefined) this.#seen = undefined;
    else this.#note(lease);
  }

  #note(lease: Lease): void {
    const { holderIdentity, renewTime, leaseTransitions } = lease.spec ?? {};
    const fingerprint = JSON.stringify([holderIdentity, renewTime, leaseTransitions, lease.metadata.resourceVersion]);
    const at = this.#seen?.fingerprint === fingerprint ? this.#seen.at : this.#monotonic();
    this.#seen = { lease, fingerprint, at };
  }

  #isOurs(): boolean {
    return this.#seen?.lease.spec?.holderIdentity === this.#options.identity;
  }

  #isFree(): boolean {
    if (this.#seen === undefined) return true;
    const spec = this.#seen.lease.spec ?? {};
    if (!spec.holderIdentity) return true;
    const duration = (spec.leaseDurationSeconds ?? this.#durationMs / 1000) * 1000;
    return this.#monotonic() - this.#seen.at >= duration;
  }

  async #write(current: Lease | undefined): Promise<void> {
    const { client, clock, onAcquired } = this.#options;
    // Counted from when it is sent: the server may have taken it in at any time since.
    const sentAt = this.#monotonic();
    const next = this.#record(current, microTime(clock.now()));
    const call = this.#call();
    const stored = await (current === undefined
      ? client.create<Lease>(RESOURCES.leases, next, call)
      : client.update<Lease>(RESOURCES.leases, next, call));
    this.#note(stored);
    if (this.#stopping.signal.aborted) return;
    const acquired = this.#renewedAt === undefined;
    this.#renewedAt = sentAt;
    if (acquired && this.isLeader()) this.#guard(onAcquired);
  }

  #record(current: Lease | undefined, now: string): Lease {
    const { namespace, name, identity } = this.#options;
    const old = current?.spec ?? {};
    const ours = old.holderIdentity === identity;
    const before: ObjectMeta = current?.metadata ?? { namespace, name };
    const metadata = { ...before, labels: { ...before.labels, [LEASE_LABEL]: 'controller' } };
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: {
        ...old,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
        acquireTime: ours ? (old.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: (old.leaseTransitions ?? 0) + (ours || current === undefined ? 0 : 1),
      },
    };
  }

  async #release(): Promise<void> {
    const { client, clock, log, name } = this.#options;
    const current = this.#seen?.lease;
    if (current === undefined || !this.#isOurs()) return;
    const now = microTime(clock.now());
    const spec = { ...current.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      await client.update<Lease>(RESOURCES.leases, { ...current, spec }, { timeoutMs: this.#retryMs, urgent: true });
    } catch (error) {
      log.warn('cannot give the lease back; others wait for its end', { name, error: String(error) });
    }
  }

  /** Renewals are urgent: a queue of other requests must not cost the leadership. */
  #call(): { timeoutMs: number; urgent: boolean; signal: AbortSignal } {
    const timeoutMs = Math.max(this.#retryMs, this.#deadlineMs / 2);
    return { timeoutMs, urgent: true, signal: this.#stopping.signal };
  }

  #checkLoss(): void {
    if (this.#renewedAt !== undefined && !this.isLeader()) this.#lose();
  }

  #lose(): void {
    this.#renewedAt = undefined;
    this.#options.log.warn('leadership was lost', { name: this.#options.name });
    this.#guard(this.#options.onLost);
  }

  #guard(callback: (() => void) | undefined): void {
    try {
      callback?.();
    } catch (error) {
      this.#options.log.error('a lease callback threw', { error: String(error) });
    }
  }
}

/** RFC 3339 with six decimals; the API server refuses a Lease with fewer. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
