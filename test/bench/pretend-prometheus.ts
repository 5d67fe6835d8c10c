// Plays Prometheus on a loopback port: every query has one answer, and the moment a bad one is first given is noted.
// The sandbox's metrics store is none for it: what is measured begins when a bad answer is served, and not when a scrape has made it bad.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Anything below it fails the condition of the bench's templates. */
const LEAST_GOOD = 0.95;
const GOOD = 1;
const BAD = 0.5;

export interface PretendPrometheus {
  readonly url: string;
  /** Queries answered so far. */
  readonly queries: number;
  /** When a bad sample was first served since the metric turned bad; on the clock of `performance.now()`. */
  readonly badServedAt: number | undefined;
  turn(to: 'good' | 'bad'): void;
  /** Told of each answer. */
  onQuery(told: () => void): void;
  stop(): Promise<void>;
}

export async function startPrometheus(): Promise<PretendPrometheus> {
  const state = { value: GOOD, queries: 0, badServedAt: undefined as number | undefined, told: (): void => {} };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      state.queries++;
      if (state.value < LEAST_GOOD) state.badServedAt ??= performance.now();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer(state.value)));
      state.told();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get queries() {
      return state.queries;
    },
    get badServedAt() {
      return state.badServedAt;
    },
    turn(to) {
      state.value = to === 'good' ? GOOD : BAD;
      state.badServedAt = undefined;
    },
    onQuery(told) {
      state.told = told;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const answer = (value: number): object => ({
  status: 'success',
  data: { resultType: 'vector', result: [{ metric: {}, value: [Date.now() / 1000, String(value)] }] },
});
