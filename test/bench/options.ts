// Flags of the bench.
import { parseArgs } from 'node:util';
import { SLUICE, type Contestant } from './contestant.ts';
import { SCENARIOS, type Scenario } from './figures.ts';

export const HELP = `npm run bench -- [options]: measures Sluice against a cluster, and another controller beside it
npm run bench -- agent: counts what the agent asks the API server and Git, in this process and in virtual time

  --kubeconfig FILE    the cluster (default: a control plane that the bench starts and ends, as npm run e2e does; never $KUBECONFIG);
                       pods are made and thrown away by the hundred: take one for this alone
  --scenario LIST      of ${SCENARIOS.join(', ')} (default: all)
  --runs N             times over the whole course; medians are reported (default 3)
  --repeats N          releases of the latency scenario in each run (default 5)
  --rollouts N         size of the fleet (default 200, which the budgets are for)
  --idle-seconds N     length of the idle scenario (default 60)
  --peer COMMAND       another controller that serves the same resources; {kubeconfig}, {prometheus} and {namespace} in it
                       are filled in
  --group G/V          what the peer serves (default argoproj.io/v1alpha1)
  --peer-name NAME     in the report (default peer)
  --peer-crds PATH     a file or folder of CRDs to install for it
  --sluice COMMAND     starts Sluice in another way than dist/sluice.js
  --trace              instead of all that: every API call of one release, in order
  --pretend-kubelet    play the kubelet of a cluster that has none
  --pod-delay MS       pods of the pretended kubelet are ready after so long (default 50)
  --json FILE          the figures as data
  --logs FOLDER        what the controllers say goes there (default: the system's folder for temporary files)`;

export interface BenchOptions {
  kubeconfig: string | undefined;
  scenarios: readonly Scenario[];
  runs: number;
  repeats: number;
  rollouts: number;
  idleSeconds: number;
  sluice: Contestant;
  peer: Contestant | undefined;
  peerCrds: string | undefined;
  trace: boolean;
  pretendKubelet: boolean;
  podDelayMs: number;
  json: string | undefined;
  logs: string | undefined;
}

const string = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const FLAGS = {
  kubeconfig: string,
  scenario: string,
  runs: string,
  repeats: string,
  rollouts: string,
  'idle-seconds': string,
  peer: string,
  group: string,
  'peer-name': string,
  'peer-crds': string,
  sluice: string,
  trace: flag,
  'pretend-kubelet': flag,
  'pod-delay': string,
  json: string,
  logs: string,
  help: flag,
} as const;

function whole(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: write a whole number of 1 or more`);
  return value;
}

function scenariosOf(text: string | undefined): readonly Scenario[] {
  if (text === undefined) return SCENARIOS;
  return text.split(',').map((name) => {
    const scenario = SCENARIOS.find((s) => s === name.trim());
    if (scenario === undefined) throw new Error(`--scenario ${name}: write some of ${SCENARIOS.join(', ')}`);
    return scenario;
  });
}

/** Of one group, each would drive the Rollouts of the other as well, and be measured at that. */
function apart(sluice: Contestant, peer: Contestant): void {
  if (sluice.apiVersion !== peer.apiVersion) return;
  for (const [flag, { command }] of Object.entries({ '--sluice': sluice, '--peer': peer }))
    if (!command.includes('{namespace}'))
      throw new Error(
        `${flag}: both serve ${peer.apiVersion}; write --namespace {namespace} into it, so that each drives its own Rollouts alone`,
      );
}

/** Undefined when help is asked for. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
  if (values.help) return undefined;
  const group = values.group ?? 'argoproj.io/v1alpha1';
  const sluice = { ...SLUICE, command: values.sluice ?? SLUICE.command };
  const peer =
    values.peer === undefined
      ? undefined
      : { name: values['peer-name'] ?? 'peer', apiVersion: group, command: values.peer };
  if (peer !== undefined) apart(sluice, peer);
  return {
    // Not $KUBECONFIG: whoever has exported one for other work does not mean to have it filled with pods.
    kubeconfig: values.kubeconfig,
    scenarios: scenariosOf(values.scenario),
    runs: whole('runs', values.runs, 3),
    repeats: whole('repeats', values.repeats, 5),
    rollouts: whole('rollouts', values.rollouts, 200),
    idleSeconds: whole('idle-seconds', values['idle-seconds'], 60),
    sluice,
    peer,
    peerCrds: values['peer-crds'],
    trace: values.trace,
    pretendKubelet: values['pretend-kubelet'],
    podDelayMs: whole('pod-delay', values['pod-delay'], 50),
    json: values.json,
    logs: values.logs,
  };
}
