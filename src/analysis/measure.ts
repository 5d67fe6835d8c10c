import type { AnalysisRunSpec } from '../api/analysis.ts';
import type { Providers, ReadSecret } from './provider.ts';
import type { Measured } from './run.ts';

export interface MeasureOptions {
  namespace: string;
  providers: Providers;
  readSecret: ReadSecret;
  /** Milliseconds since the epoch. */
  now: () => number;
  signal: AbortSignal;
}

/** Fills in secrets, asks the provider, judges the answer. Never rejects: what goes wrong is an Error measurement. */
export declare function measure(spec: AnalysisRunSpec, metric: string, options: MeasureOptions): Promise<Measured>;
