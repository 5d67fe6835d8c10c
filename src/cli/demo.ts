// `sluice demo`: the sandbox, the very controller a cluster would run, in a process of its own, and a story told by real pushes.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load } from 'js-yaml';
import { announcePush } from 'kube-sandbox/git-server';
import { seededRandom } from 'kube-sandbox/random';
import { serveSandbox, type ServedSandbox } from 'kube-sandbox/served';
import type { Application } from '../api/application.ts';
import { customResourceDefinitions } from '../api/crd.ts';
import { RESOURCES } from '../api/names.ts';
import { kubeClient } from '../kube/client.ts';
import { loadAccess } from '../kube/kubeconfig.ts';
import { undiciTransport } from '../kube/transport-undici.ts';
import type { KubeClient } from '../kube/types.ts';
import { systemClock } from '../ports/clock.ts';
import { UsageError } from './usage-error.ts';
import { HOST, play, type Ending } from './demo/play.ts';
import { liveScreen, plainScreen, type Screen } from './demo/screen.ts';
import { Story } from './demo/story.ts';
import { isStrategy, TELLINGS, type StrategyName } from './demo/strategies.ts';
import { table } from './demo/table.ts';
import { VERSION } from './version.ts';

/** What a shell reports of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

interface DemoOptions {
  keep: boolean;
  plain: boolean;
  seed: number;
  strategy: StrategyName;
}

function parse(argv: readonly string[]): DemoOptions {
  try {
    const options = {
      keep: { type: 'boolean' },
      plain: { type: 'boolean' },
      seed: { type: 'string' },
      strategy: { type: 'string' },
    } as const;
    const { values } = parseArgs({ args: [...argv], options, strict: true });
    const seed = Number(values.seed ?? 1);
    if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed}: write a whole number`);
    const { keep = false, plain = false, strategy = 'canary' } = values;
    if (!isStrategy(strategy)) throw new Error(`--strategy ${strategy}: write canary or blue-green`);
    return { keep, plain: plain || !process.stdout.isTTY, seed, strategy };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

interface Controller {
  /** Where webhooks go. */
  url: string;
  metricsURL: string;
  pageURL: string;
  logFile: string;
  process: ChildProcess;
}

/** Starts `sluice controller` as it would run in a cluster; resolves when it listens. */
async function startController(sandbox: ServedSandbox, dir: string, secretFile: string): Promise<Controller> {
  const self = fileURLToPath(new URL('./sluice.js', import.meta.url));
  const logFile = path.join(dir, 'controller.log');
  const args = [
    'controller',
    '--kubeconfig',
    sandbox.kubeconfig,
    '--prometheus',
    sandbox.prometheusURL,
    '--analysis-hosts=127.0.0.1',
    '--git-hosts=127.0.0.1',
    '--listen',
    '127.0.0.1:0',
    '--metrics-listen',
    '127.0.0.1:0',
    '--page-listen',
    '127.0.0.1:0',
  ];
  const more = [
    '--webhook-secret-file',
    secretFile,
    '--git-dir',
    path.join(dir, 'mirrors'),
    '--lease-namespace',
    'default',
  ];
  const child = spawn(process.execPath, [...process.execArgv, self, ...args, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the controller ended with ${code}: ${lines.slice(-3).join(' ')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      void writeFile(logFile, `${line}\n`, { flag: 'a' });
      if (!line.includes('"message":"listening"')) return;
      const { url, metricsUrl, pageUrl } = JSON.parse(line) as Record<string, string>;
      resolve({ url: url ?? '', metricsURL: `${metricsUrl}/metrics`, pageURL: `${pageUrl}/`, logFile, process: child });
    });
  });
}

async function stopController({ process: child }: Controller): Promise<void> {
  if (child.exitCode !== null) return;
  child.removeAllListeners('exit');
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** The example's Application, pointed at the sandbox's repository. */
async function applyApplication(client: KubeClient, repoURL: string): Promise<void> {
  const file = new URL('../examples/shop/application.yaml', import.meta.url);
  const application = load(await readFile(file, 'utf8')) as Application;
  application.spec.source.repoURL = repoURL;
  const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await client.create(RESOURCES.applications, application);
}

function whatToTry(sandbox: ServedSandbox, controller: Controller): string {
  return [
    'Everything is still running (end it with Ctrl-C). Try, in another terminal:',
    '',
    `  export KUBECONFIG=${sandbox.kubeconfig}`,
    '  kubectl get rollouts -n shop -w',
    '  kubectl describe rollout web -n shop',
    '  kubectl get analysisruns -n shop',
    '',
    `  git clone ${sandbox.gitURL} shop && cd shop        # change deploy/rollout.yaml, commit, push`,
    "  git fetch origin 'refs/notes/*:refs/notes/*' && git notes --ref=sluice show HEAD",
    '',
    '  kubectl annotate rollout web -n shop sluice.dev/promote=true      # or promote=full, abort="too slow", retry=true',
    '',
    `  status page   ${controller.pageURL}        metrics  ${controller.metricsURL}`,
    `  the shop      curl -H 'Host: ${HOST}' ${sandbox.gatewayURL}/`,
    `                ${KEPT_RPS} requests a second go on, so that there is something to judge a release of yours by`,
    `  Prometheus    ${sandbox.prometheusURL}/api/v1/query?query=istio_requests_total`,
    `  logs          ${controller.logFile}`,
  ].join('\n');
}

/** Requests a second while it is kept running. */
const KEPT_RPS = 50;

/** Goes on until the interruption. A release needs requests to be judged by, also one that is not part of the story. */
async function keepRunning({ sandbox, interrupted }: Stage): Promise<void> {
  const load = sandbox.startLoad({ host: HOST, path: '/', rps: KEPT_RPS });
  try {
    await interrupted;
  } finally {
    await load.stop();
  }
}

interface Stage {
  interrupted: Promise<void>;
  sandbox: ServedSandbox;
  controller: Controller;
  client: KubeClient;
  story: Story;
  dir: string;
}

async function perform(stage: Stage, options: DemoOptions, screen: Screen): Promise<boolean> {
  const { sandbox, controller, story, dir } = stage;
  const telling = TELLINGS[options.strategy];
  let ending: Ending;
  try {
    ending = await play({
      story,
      screen,
      sandbox,
      dir,
      metricsURL: controller.metricsURL,
      telling,
      examples: fileURLToPath(new URL(`../examples/${telling.folder}/deploy`, import.meta.url)),
    });
  } catch (error) {
    screen.end(
      `The story did not end as told: ${error instanceof Error ? error.message : String(error)}\nLogs of the controller: ${controller.logFile}`,
    );
    if (options.keep) await keepRunning(stage);
    return false;
  }
  screen.end(table(ending, telling));
  if (options.keep) {
    process.stdout.write(`\n${whatToTry(sandbox, controller)}\n`);
    await keepRunning(stage);
  }
  return true;
}

/** Resolves at Ctrl-C, or when the process is asked to end. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

export async function runDemo(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  const start = Date.now();
  const screen = options.plain ? plainScreen(process.stdout, start) : liveScreen(process.stdout, start);
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-demo-'));
  const secret = randomBytes(16).toString('hex');
  const secretFile = path.join(dir, 'webhook-secret');
  await writeFile(secretFile, secret, { mode: 0o600 });
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const interrupted = interruption();
    const story = stage({ options, screen, dir, secret, secretFile, ends, interrupted });
    // Kept running, the story itself waits for the interruption; before its end there is nothing more to tell.
    const good = await Promise.race([story, interrupted.then(() => (options.keep ? story : undefined))]);
    if (good) ends.unshift(() => rm(dir, { recursive: true, force: true }));
    // The story's own waits would keep the process alive behind an interruption.
    if (good === undefined) ends.unshift(() => Promise.resolve(process.exit(INTERRUPTED)));
    return good ? 0 : 1;
  } finally {
    // Each end is tried, so that nothing is left running.
    for (const end of ends.reverse())
      await end().catch((error: unknown) => process.env['SLUICE_DEBUG'] && console.error(error));
  }
}

interface Setting {
  options: DemoOptions;
  screen: Screen;
  dir: string;
  secret: string;
  secretFile: string;
  interrupted: Promise<void>;
  /** How to end what was started, in the order it was. */
  ends: (() => Promise<unknown>)[];
}

async function stage({ options, screen, dir, secret, secretFile, ends, interrupted }: Setting): Promise<boolean> {
  let hookURL: string | undefined;
  const sandbox = await serveSandbox({
    random: seededRandom(options.seed),
    crds: customResourceDefinitions(),
    dir,
    onPush: (push) => void (hookURL && announcePush({ url: hookURL, secret }, push).catch(() => undefined)),
  });
  ends.push(() => sandbox.stop());
  const controller = await startController(sandbox, dir, secretFile);
  ends.push(() => stopController(controller));
  hookURL = `${controller.url}/webhook`;
  const access = await loadAccess({ kubeconfig: sandbox.kubeconfig });
  const transport = undiciTransport({ access, clock: systemClock });
  ends.push(() => transport.close());
  const client = kubeClient({ transport, version: VERSION });
  const story = new Story(client, (moment) => screen.moment(moment), options.strategy);
  ends.push(() => story.stop());
  await applyApplication(client, sandbox.gitURL);
  return perform({ interrupted, sandbox, controller, client, story, dir }, options, screen);
}
