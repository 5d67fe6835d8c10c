// The child: does one job after the other, asks its parent what only that may know, and ends with it.
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { fail } from '../api/result.ts';
import type { GitEgress } from '../git/transport.ts';
import { mirrorFolder, openMirror } from '../git/mirror.ts';
import { systemClock } from '../ports/clock.ts';
import type { SourceResult } from '../ports/source-reader.ts';
import { failureOf, perform, type Job } from './jobs.ts';
import { FolderCache } from './render/cache.ts';
import type { RenderContext } from './render/render.ts';
import { flattened, type Answer, type FromChild, type Question, type Setup, type ToChild } from './messages.ts';

/** Serves its parent until that is gone. Only for a process that was forked. */
export function runSourceWorker(): Promise<number> {
  if (process.send === undefined) {
    process.stderr.write('sluice source-worker: started by the controller only\n');
    return Promise.resolve(2);
  }
  return new Promise((resolve) => {
    const worker = new Worker((message) => process.send?.(message));
    process.on('message', (message: ToChild) => worker.receive(message));
    process.once('disconnect', () => resolve(0));
  }).then(() => process.exit(0));
}

/** Renderings go with the mirror that they are of. */
const renderFolder = (mirror: Parameters<typeof mirrorFolder>[0]): string =>
  join(mirrorFolder(mirror), 'sluice-renderings');

class Worker {
  readonly #send: (message: FromChild) => void;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #questions = 0;
  #abort = new AbortController();

  constructor(send: (message: FromChild) => void) {
    this.#send = send;
  }

  receive(message: ToChild): void {
    switch (message.type) {
      case 'abort':
        return this.#abort.abort();
      case 'answer':
        this.#asked.get(message.id)?.(message.answer);
        this.#asked.delete(message.id);
        return;
      case 'job':
        void this.#work(message.job, message.setup, message.timeoutMs).then((result) =>
          this.#send({ type: 'result', result: flattened(result) }),
        );
    }
  }

  async #work(job: Job, setup: Setup, timeoutMs: number): Promise<SourceResult<unknown>> {
    this.#abort = new AbortController();
    const { repoURL: url, credentials } = job.request;
    const { directory, limits } = setup;
    const egress = setup.asksForAddresses ? this.#egress : undefined;
    const mayPush = (): Promise<boolean> => this.#mayPush();
    const rendering: RenderContext = {
      ...setup.rendering,
      clock: systemClock,
      cache: new FolderCache(renderFolder({ url, credentials, directory })),
      busy: (left) => this.#send({ type: 'busy', left }),
    };
    const mirror = openMirror({ url, credentials, clock: systemClock, directory, limits, mayPush, egress });
    try {
      return await perform(job, { mirror, limits, rendering, call: { timeoutMs, signal: this.#abort.signal } });
    } catch (error) {
      return fail(failureOf(error));
    } finally {
      mirror.close();
    }
  }

  async #mayPush(): Promise<boolean> {
    const answer = await this.#ask({ about: 'mayPush' });
    return answer.about === 'mayPush' && answer.may;
  }

  readonly #lookup: LookupFunction = (hostname, options, done) => {
    void this.#lookUp(hostname, options, done);
  };

  async #lookUp(...[hostname, options, done]: Parameters<LookupFunction>): Promise<void> {
    const family = typeof options.family === 'number' ? options.family : undefined;
    const all = options.all === true;
    const answer = await this.#ask({ about: 'address', hostname, all, family });
    const addresses = 'addresses' in answer ? answer.addresses : [];
    const [first] = addresses;
    if (all && first) return done(null, addresses);
    if (first) return done(null, first.address, first.family);
    const { error = `${hostname} has no address`, code } = 'error' in answer ? answer : {};
    return done(Object.assign(new Error(error), { code }), '', 0);
  }

  /** The URL was checked by the parent; what its host resolves to is asked for at the moment of connecting. */
  readonly #egress: GitEgress = { check() {}, lookup: () => this.#lookup };

  #ask(question: Question): Promise<Answer> {
    const id = ++this.#questions;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#send({ type: 'ask', id, question });
    });
  }
}
