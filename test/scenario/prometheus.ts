// A metric store whose answers the scenario writes: each image has a success rate; or the store is down, or says what it is told to; or it
// hands the query to a real one.
import { numberText } from '../../src/analysis/value.ts';
import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import type { HttpRequest, HttpResponse } from '../../src/ports/transport.ts';

export interface ScriptedAnswer {
  status: number;
  data: string;
}

export class ScriptedPrometheus {
  /** Success rate by image; 1 unless told otherwise. */
  readonly rates = new Map<string, number>();
  /** Answers in place of the rate where it returns something: samples of a vector, a whole answer, or an error to fail with. */
  script: (query: string) => number[] | Error | ScriptedAnswer | undefined = () => undefined;
  /** Answers every query in place of the script. */
  measured: ((request: HttpRequest) => Promise<HttpResponse>) | undefined;
  readonly queries: string[] = [];
  readonly #serving: (service: string) => string | undefined;
  readonly #note: (line: string) => void;
  /** Images that a bad rate was told of. */
  readonly condemned = new Set<string>();

  constructor(serving: (service: string) => string | undefined, note: (line: string) => void) {
    this.#serving = serving;
    this.#note = note;
  }

  async answer(config: InternalAxiosRequestConfig): Promise<AxiosResponse> {
    await Promise.resolve();
    const query = new URLSearchParams(String(config.data)).get('query') ?? '';
    this.queries.push(query);
    this.#note('prometheus query');
    if (this.measured !== undefined) return measuredAnswer(this.measured, config);
    const samples = this.script(query) ?? this.#rate(/service="([^"]+)"/.exec(query)?.[1]);
    if (samples instanceof Error) throw samples;
    if (!Array.isArray(samples)) return { statusText: '', headers: {}, config, ...samples };
    const result = samples.map((value) => ({ metric: {}, value: [0, numberText(value)] }));
    const data = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
    return { status: 200, statusText: 'OK', headers: {}, config, data };
  }

  /** Of the pods behind the Service that is asked about. */
  #rate(service = 'web-canary'): number[] {
    const image = this.#serving(service) ?? '';
    const rate = this.rates.get(image) ?? 1;
    if (rate < 0.95) this.condemned.add(image);
    return [rate];
  }
}

async function measuredAnswer(
  measured: (request: HttpRequest) => Promise<HttpResponse>,
  config: InternalAxiosRequestConfig,
): Promise<AxiosResponse> {
  const { pathname } = new URL(config.url ?? '', 'http://prometheus');
  const { status, headers, body } = await measured({ method: 'POST', path: pathname, body: String(config.data) });
  let data = '';
  for await (const piece of body) data += piece;
  return { status, statusText: '', headers, config, data };
}
