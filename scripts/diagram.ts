// The state machine as Mermaid diagrams for docs/state-machine.md, one for each region. The same machine gives the same bytes.
import { AIMS } from '../src/rollout/aim.ts';
import { machine } from '../src/rollout/machine.ts';
import { STATES, type StateName } from '../src/rollout/place.ts';
import { ROWS } from '../src/rollout/states.ts';
import type { Situation } from '../src/rollout/situation.ts';
import { BLUE_GREEN, DEEDS, eventRows, guardRows, phaseSeen, words } from './state-machine-words.ts';

type Node = (typeof machine)['root'];
type Transition = Node['transitions'] extends Map<string, readonly (infer T)[]> ? T : never;

const childrenOf = (node: Node): Node[] => Object.values(node.states) as unknown as Node[];

/** Paths below the region. */
const idOf = (node: Node): string => node.path.slice(1).join('_');

function states(node: Node, indent: string): string[] {
  const lines = childrenOf(node).flatMap((child) =>
    childrenOf(child).length > 0
      ? [`${indent}state ${idOf(child)} {`, ...states(child, `${indent}  `), `${indent}}`]
      : [`${indent}${idOf(child)}: ${child.key}`],
  );
  const [initial] = node.initial.target;
  return [...lines, ...(initial ? [`${indent}[*] --> ${idOf(initial as unknown as Node)}`] : [])];
}

/** ` [is stage split]`: the guard, with what it asks for. */
function asked({ guard }: Transition): string {
  if (guard === undefined || typeof guard === 'function') return '';
  const { type, params } = typeof guard === 'string' ? { type: guard } : guard;
  return ` [${[type, ...Object.values(params ?? {})].map((part) => words(String(part)).trim()).join(' ')}]`;
}

function edge(node: Node, event: string, transition: Transition): string {
  const to = (transition.target?.[0] as unknown as Node | undefined) ?? node;
  return `  ${idOf(node)} --> ${idOf(to)}: ${event}${asked(transition)}`;
}

function edges(node: Node): string[] {
  const always = (node.always ?? []).map((each) => edge(node, 'at once', each));
  const on = [...node.transitions].flatMap(([event, list]) => list.map((each) => edge(node, event, each)));
  // A region as a whole has no box of its own.
  const own = node.path.length > 1 ? [...always, ...on] : [];
  return [...own, ...childrenOf(node).flatMap(edges)];
}

const ofRegion = (node: Node): string[] =>
  [...node.transitions].map(([event, list]) => {
    const to = list[0]?.target?.[0] as unknown as Node | undefined;
    return `- ${event}, from anywhere: ${to?.key ?? node.key}`;
  });

function descriptions(node: Node): string[] {
  const own = node.description === undefined ? [] : [`- **${node.path.slice(1).join('.')}**: ${node.description}`];
  return [...(node.path.length > 1 ? own : []), ...childrenOf(node).flatMap(descriptions)];
}

function region(node: Node): string[] {
  return [
    `## ${node.key}`,
    '',
    node.description ?? '',
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...states(node, '  '),
    ...edges(node),
    '```',
    '',
    ...ofRegion(node),
    ...descriptions(node),
    '',
  ];
}

/** A world without stages: what a state is after does not depend on it. */
const NOTHING = { seen: { plan: { stages: [] } }, memory: { stage: 0 } } as unknown as Situation;

function wants(state: StateName): string {
  const row = ROWS[state];
  const { to } = row.aim(NOTHING);
  const { progress } = row;
  return `| ${state} | ${AIMS[to]} | ${phaseSeen(state)} | ${progress[0] ? 'True' : 'False'}, ${progress[1]} |`;
}

/** The whole of docs/state-machine.md. */
export function stateMachinePage(): string {
  return [
    '# The state machine of a Rollout',
    '',
    'Generated from `src/rollout/machine.ts` by `npm run generate`; do not edit. `kubectl get rollout web -o yaml` shows the state in',
    '`status.machine.state`.',
    '',
    '## In short',
    '',
    ...DEEDS,
    '',
    'What each annotation does in full, and which are refused when: [Commands](rollout.md#commands).',
    '',
    ...BLUE_GREEN,
    '',
    '## Events',
    '',
    'Four regions go on side by side. Each pass observes the world and derives events from it, the most urgent first, until none changes',
    'anything (`src/rollout/events.ts`):',
    '',
    '1. **REJECT**: a person, a measurement, an earlier verdict or a deadline is against the revision on its way.',
    '2. **BACK**, **DECLARE**: the stable revision, or another one, is declared.',
    '3. What a person asks for: **PROMOTE_FULL**, **RETRY**, **PAUSE**, **RESUME**, **ACCEPT**, **PROMOTE**, **RESTART**, **ROLLBACK**.',
    '4. **UNSURE**: the background analysis cannot tell.',
    '5. **ARRIVE**: what goes back, or goes on by itself, may have arrived.',
    '6. **ADVANCE**: last, and only while nothing holds the release: no pause, no invalid spec, no doubt. So nothing that goes forward can',
    '   overtake a rejection, whatever is added to the chart.',
    '',
    '| event | when |',
    '| --- | --- |',
    ...eventRows(),
    '',
    'A guard in brackets behind an event says what has to hold besides:',
    '',
    '| guard | holds when |',
    '| --- | --- |',
    ...guardRows(),
    '',
    ...childrenOf(machine.root).flatMap(region),
    '## What a state wants',
    '',
    'Compared with what is observed, this gives what is to be done (`src/rollout/intents.ts`). By which means, weights, numbers of pods or a',
    "selector, is the plan's matter (`src/rollout/means/`).",
    '',
    'The phase is that of the state where nothing else is wrong. An invalid spec, failing pods and a deadline that has passed show as `Degraded`,',
    'a pause by a person and a background analysis that cannot tell as `Paused`.',
    '',
    '| state | wants | phase | condition Progressing |',
    '| --- | --- | --- | --- |',
    ...STATES.map(wants),
    '',
  ].join('\n');
}
