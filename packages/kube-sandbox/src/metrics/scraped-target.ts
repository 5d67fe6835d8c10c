// One target of the metrics store: what a scrape of it says, and which of its series have ended. A series is read once, and known by how it
// is written from then on, as Prometheus does it.
import { exposedLines, readSeries, type ExposedLine } from './exposition.ts';
import { identify, labelsOf, METRIC_NAME, type Identity, type Labels } from './labels.ts';
import { STALE, type Tsdb } from './tsdb.ts';

export interface Target {
  job: string;
  instance: string;
  /** The target's metrics in the text format; throwing makes the target `down`. */
  scrape(): string | Promise<string>;
}

interface FoundSample extends Omit<ExposedLine, 'series'> {
  identity: Identity;
}

export class ScrapedTarget {
  readonly #target: Target;
  readonly #up: Identity;
  /** Series of the last scrape, by how they are written. */
  #known = new Map<string, Identity>();
  /** The same and `up`, by key. */
  #last = new Map<string, Identity>();

  constructor(target: Target) {
    this.#target = target;
    this.#up = identify(targetLabels(labelsOf({ [METRIC_NAME]: 'up' }), target));
  }

  /** Reads it; undefined when it cannot be read: it is down then, as any unreachable target is. */
  async read(): Promise<FoundSample[] | undefined> {
    try {
      return this.#samplesOf(exposedLines(await this.#target.scrape()));
    } catch {
      return undefined;
    }
  }

  /** Keeps what was read, and whether the target is up; what is no longer shown has ended. */
  store(db: Tsdb, samples: readonly FoundSample[] | undefined, time: number): void {
    const up = { identity: this.#up, value: samples === undefined ? 0 : 1 };
    this.#put(db, [...(samples ?? []), up], time);
  }

  /** Nobody scrapes it any more: all its series end. */
  end(db: Tsdb, time: number): void {
    this.#put(db, [], time);
  }

  #samplesOf(lines: readonly ExposedLine[]): FoundSample[] {
    const known = new Map<string, Identity>();
    const samples = lines.map(({ series, ...sample }) => {
      const identity = this.#known.get(series) ?? identify(targetLabels(readSeries(series), this.#target));
      known.set(series, identity);
      return { identity, ...sample };
    });
    this.#known = known;
    return samples;
  }

  #put(db: Tsdb, samples: readonly FoundSample[], time: number): void {
    const found = new Map(samples.map(({ identity }) => [identity.key, identity]));
    for (const [key, identity] of this.#last) if (!found.has(key)) db.append(identity, time, STALE);
    for (const sample of samples) db.append(sample.identity, sample.time ?? time, sample.value);
    this.#last = found;
  }
}

/** A target's own `job` and `instance` give way, as with Prometheus' `honor_labels: false`. */
function targetLabels(labels: Labels, { job, instance }: Target): Labels {
  const moved = [...labels].map(([name, value]): [string, string] =>
    name === 'job' || name === 'instance' ? [`exported_${name}`, value] : [name, value],
  );
  return labelsOf([...moved, ['job', job], ['instance', instance]]);
}
