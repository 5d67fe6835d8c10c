// Why a Rollout, or an Application, is as it is: in sentences made of what the controller has said of it. Nothing is decided anew here.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application, Hold } from '../api/application.ts';
import { dialect, GROUPS, type Verb } from '../api/dialect.ts';
import type { ReleaseRecord } from '../api/release-record.ts';
import type { RevisionRef } from '../api/revision.ts';
import { shortCommit } from '../api/revision.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { timeOf } from './collect.ts';
import { releasesOf } from './releases.ts';
import { runsOf } from './runs-of.ts';
import { analysisOf, commandsOf } from './tell.ts';
import { oneLine } from './text.ts';
import { shownTime } from './zone.ts';

export interface Why {
  says: string[];
  /** What a person can do: lines for a shell, each with what it does. */
  todo: { line: string; does: string }[];
}

export interface WhyRollout {
  rollout: Rollout;
  /** In its namespace. */
  runs: readonly AnalysisRun[];
  /** That declares it, as far as it can be read. */
  application?: Application | undefined;
  /** For the times that are told. */
  zone: string;
}

/** Of a Rollout. */
export function whyRollout(input: WhyRollout): Why {
  const { rollout, application } = input;
  const { status } = rollout;
  const name = nameOf(rollout);
  if (status?.phase === undefined)
    return { says: [`Rollout ${name} has no status yet: no controller has looked at it.`], todo: [] };
  const hold = holdOf(rollout, application);
  const says = [
    nowOf(name, status, input.zone),
    ...releaseOf(status, input),
    ...waitOf(status, input.zone),
    ...rejectionOf(input),
    ...(hold === undefined ? [] : holdSays(hold, application)),
    ...troubles(status),
    ...behind(application),
  ];
  return { says, todo: todoOf(rollout, hold) };
}

const nameOf = ({ metadata }: Rollout): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** `8b7a6e5 (Deploy v3, by Ada)`. */
function revisionText(revision: RevisionRef | undefined, podHash: string | undefined): string {
  if (revision === undefined || revision.commit === '') return podHash ?? 'an unknown revision';
  const about = [
    ...(revision.subject === undefined ? [] : [oneLine(revision.subject, 72)]),
    ...(revision.author === undefined ? [] : [`by ${oneLine(revision.author, 64)}`]),
  ];
  return `${shortCommit(revision.commit)}${about.length === 0 ? '' : ` (${about.join(', ')})`}`;
}

const since = (at: string | undefined, zone: string): string => {
  const ms = timeOf(at);
  return ms === undefined ? '' : ` since ${shownTime(ms, zone)}`;
};

function nowOf(name: string, status: RolloutStatus, zone: string): string {
  const { phase = 'Progressing', message, stableRevision, stableRS, conditions = [] } = status;
  const from = since(conditions.find(({ type }) => type === 'Healthy')?.lastTransitionTime, zone);
  if (phase === 'Healthy')
    return `Rollout ${name} is Healthy${from}: it serves ${revisionText(stableRevision, stableRS)}.`;
  return sentence(`Rollout ${name} is ${phase}${message === undefined || message === '' ? '' : `: ${message}`}`);
}

/** The release under way: of what, since when, how far. */
function releaseOf(status: RolloutStatus, { zone }: WhyRollout): string[] {
  const { release, revision, currentPodHash, step, weight, stableRevision, stableRS } = status;
  if (release === undefined) return [];
  const of = release.podHash === currentPodHash ? revisionText(revision, currentPodHash) : release.podHash;
  const how = [
    ...(step === undefined ? [] : [`${step} steps are done`]),
    ...(weight === undefined ? [] : [`it has ${weight} % of the traffic`]),
  ].join(', ');
  const stable =
    stableRS === undefined ? 'nothing was stable before' : `stable is ${revisionText(stableRevision, stableRS)}`;
  return [`${of} is being released${since(release.startedAt, zone)}: ${how === '' ? '' : `${how}; `}${stable}.`];
}

/** Until when it waits by itself. */
function waitOf({ nextTransitionTime, release }: RolloutStatus, zone: string): string[] {
  const at = timeOf(nextTransitionTime);
  return at === undefined || release === undefined ? [] : [`It goes on by itself at ${shownTime(at, zone)}.`];
}

/** Why the last release was rejected, with numbers; or how the analysis stands that goes on. */
function rejectionOf(input: WhyRollout): string[] {
  const { rollout, runs, application } = input;
  const { status } = rollout;
  if (status?.release !== undefined) return analysing(rollout, runs);
  const isRejected = status?.abort === true || holdOf(rollout, application) !== undefined;
  const latest = isRejected ? releasesOf(input).find(({ outcome }) => outcome === 'Aborted') : undefined;
  return latest === undefined ? [] : [...abortSays(latest, input.zone), trafficOf(rollout)];
}

function abortSays(aborted: ReleaseRecord, zone: string): string[] {
  const { revision, podHash, reason = 'aborted', endedAt } = aborted;
  const at = timeOf(endedAt);
  const when = at === undefined ? '' : ` at ${shownTime(at, zone)}`;
  return [
    sentence(`${revisionText(revision, podHash)} was aborted${when}: ${reason}`),
    ...commandsOf(aborted, zone)
      .slice(-1)
      .map((command) => `The last command was ${command}.`),
    ...analysisOf(aborted).map((line) => `Measured: ${line}.`),
  ];
}

function trafficOf({ status }: Rollout): string {
  const { stableRS, stableRevision } = status ?? {};
  if (stableRS === undefined) return 'There is no stable revision to go back to.';
  return `The traffic is with ${revisionText(stableRevision, stableRS)} again.`;
}

/** Or waits for a person. */
const GOING_ON: ReadonlySet<string> = new Set(['Pending', 'Running', 'Inconclusive']);

function analysing(rollout: Rollout, runs: readonly AnalysisRun[]): string[] {
  const { namespace = '', name } = rollout.metadata;
  const { release } = rollout.status ?? {};
  const own = release === undefined ? [] : runsOf(runs, { namespace, name }, release);
  return own.flatMap(({ metadata, status }) => {
    const phase = status?.phase ?? 'Pending';
    if (!GOING_ON.has(phase)) return [];
    const text = status?.forecast?.message ?? status?.message;
    return [sentence(`Analysis ${metadata.name} is ${phase}${text === undefined ? '' : `: ${text}`}`)];
  });
}

function holdOf({ metadata }: Rollout, application: Application | undefined): Hold | undefined {
  return application?.status?.holds?.find(
    ({ rollout }) => rollout.namespace === (metadata.namespace ?? '') && rollout.name === metadata.name,
  );
}

/** What has become of the way back in Git, and what ends the hold. */
function holdSays(hold: Hold, application: Application | undefined): string[] {
  const { namespace = '', name = '' } = application?.metadata ?? {};
  const { rejected, stable, writeBack } = hold;
  const at = stable === undefined ? 'with nothing in its place' : `at ${shortCommit(stable.commit)}`;
  return [
    `Application ${namespace}/${name} holds it ${at}, because ${shortCommit(rejected.commit)} was rejected: ${sentence(hold.reason)}`,
    sentence(writeBackText(writeBack)),
    'The hold ends when Git declares other content there, or when somebody asks for a retry.',
  ];
}

function writeBackText(writeBack: Hold['writeBack']): string {
  if (writeBack === undefined) return 'Nothing is written back to Git';
  const { state, commit, url = '', message } = writeBack;
  const said = message === undefined ? '' : `: ${message}`;
  switch (state) {
    case 'Pushed':
      return `The files are restored in Git${commit === undefined ? '' : ` by ${shortCommit(commit)}`}${url === '' ? '' : ` (${url})`}${said}`;
    case 'Proposed':
      return `${url} restores the files once it is merged${said}`;
    case 'Closed':
      return `${url}, which would have restored the files, was closed without being merged${said}`;
    case 'Disabled':
      return 'Nothing is written back to Git: spec.writeBack.onAbort is None';
    case 'Failed':
      return `The files could not be restored in Git${said}`;
    case 'Pending':
      return `The files are yet to be restored in Git${said}`;
  }
}

const TROUBLES: ReadonlySet<string> = new Set(['InvalidSpec', 'InvalidAnnotation', 'Contested']);

/** What stands in its way, whatever it is doing; the message of the status may have said it. */
function troubles({ conditions = [], message = '' }: RolloutStatus): string[] {
  return conditions
    .filter(({ type, status, message: text }) => TROUBLES.has(type) && status === 'True' && !message.includes(text))
    .map(({ type, message: text }) => sentence(`${type}: ${text}`));
}

/** Git's head is not what is applied, whatever the Rollout does. */
function behind(application: Application | undefined): string[] {
  const { phase, message } = application?.status ?? {};
  if (phase !== 'Failed' && phase !== 'Suspended') return [];
  const { namespace = '', name = '' } = application?.metadata ?? {};
  return [sentence(`Application ${namespace}/${name} is ${phase}${message === undefined ? '' : `: ${message}`}`)];
}

/** A promotion names the revision that it is meant for, so that it can do nothing to a later one. */
function todoOf(rollout: Rollout, hold: Hold | undefined): Why['todo'] {
  const { status } = rollout;
  const does = (verb: Verb, value: string, what: string) => ({ line: annotate(rollout, verb, value), does: what });
  if (hold !== undefined || status?.abort === true) return [does('retry', 'true', 'tries the rejected revision again')];
  if (status?.release === undefined) return [];
  return [
    ...(status.machine?.waits === true
      ? [does('override', '"REASON"', 'has it begin outside its windows; the reason is kept')]
      : []),
    ...goOn(status).map(({ verb, value }) => does(verb, value, 'lets it go on')),
    does('abort', 'true', 'sends all traffic back to the stable revision; a reason may stand in place of true'),
  ];
}

function goOn(status: RolloutStatus): { verb: Verb; value: string }[] {
  const { machine, pauseConditions = [], revision, currentPodHash } = status;
  if (machine?.attention === 'paused') return [{ verb: 'resume', value: 'true' }];
  if (pauseConditions.length === 0) return [];
  const meant = revision === undefined ? currentPodHash : shortCommit(revision.commit);
  return [{ verb: 'promote', value: meant ?? 'true' }];
}

/** The exact line. */
function annotate({ apiVersion, metadata }: Rollout, verb: Verb, value: string): string {
  const group = GROUPS.find((each) => apiVersion.startsWith(`${each}/`)) ?? 'sluice.dev';
  const { resources } = dialect(group);
  const resource = `${resources.rollouts.plural}.${group}`;
  return `kubectl annotate ${resource} ${metadata.name} -n ${metadata.namespace ?? ''} ${dialect(group).verb(verb)}=${value}`;
}
