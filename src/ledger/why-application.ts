// Why an Application is as it is, and what its Rollouts wait for.
import type { Application, ApplicationStatus } from '../api/application.ts';
import { GROUP, RETRY_HOOKS } from '../api/names.ts';
import { shortCommit } from '../api/revision.ts';
import { timeOf } from './collect.ts';
import { oneLine } from './text.ts';
import { whyRollout, type Why, type WhyRollout } from './why.ts';
import { shownTime } from './zone.ts';

/** Rollouts that are told of; a person asks for the others by name. */
const MAX_ROLLOUTS = 10;

/** Of an Application, with its Rollouts as they are live. */
export function whyApplication(
  application: Application,
  rollouts: readonly Omit<WhyRollout, 'application' | 'zone'>[],
  zone: string,
): Why {
  const { status, metadata } = application;
  const name = `${metadata.namespace ?? ''}/${metadata.name}`;
  if (status?.phase === undefined)
    return { says: [`Application ${name} has no status yet: no controller has looked at it.`], todo: [] };
  const busy = rollouts.filter(({ rollout }) => rollout.status?.phase !== 'Healthy');
  const whys = busy.slice(0, MAX_ROLLOUTS).map((each) => whyRollout({ ...each, application, zone }));
  const more = busy.length - whys.length;
  return {
    says: [
      nowOf(name, application),
      ...appliedOf(application, zone),
      ...newest(application),
      ...unhealthy(application),
      ...problemsOf(application),
      // What an Application is, is said above; what it holds, with each Rollout.
      ...whys.flatMap(({ says }) => says.filter((line) => !line.startsWith(`Application ${name} is `))),
      ...(more > 0 ? [`${more} more Rollouts are not Healthy.`] : []),
    ],
    todo: [...todoOf(application), ...whys.flatMap(({ todo }) => todo)],
  };
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function nowOf(name: string, { status }: Application): string {
  const { phase = 'OutOfSync', message } = status ?? {};
  return sentence(`Application ${name} is ${phase}${message === undefined || message === '' ? '' : `: ${message}`}`);
}

function appliedOf({ status }: Application, zone: string): string[] {
  const { revision, syncedAt } = status ?? {};
  if (revision === undefined) return ['Nothing of its repository is applied yet.'];
  const at = timeOf(syncedAt);
  const subject = revision.subject === undefined ? '' : ` (${oneLine(revision.subject, 72)})`;
  return [
    `Applied is ${shortCommit(revision.commit)}${subject}${at === undefined ? '' : `, since ${shownTime(at, zone)}`}.`,
  ];
}

/** Of the branch, where that is not what is applied. */
function newest({ status }: Application): string[] {
  const { attempted, revision } = status ?? {};
  if (attempted === undefined || attempted.commit === revision?.commit) return [];
  return [
    `The newest commit seen is ${shortCommit(attempted.commit)}${attempted.subject === undefined ? '' : ` (${oneLine(attempted.subject, 72)})`}.`,
  ];
}

function unhealthy({ status }: Application): string[] {
  const { status: health, message } = status?.health ?? {};
  if (health === undefined || health === 'Healthy') return [];
  return [sentence(`What is applied is ${health}${message === undefined ? '' : `: ${message}`}`)];
}

/** Bad while it is true; all others are while they are false. */
const BAD: ReadonlySet<string> = new Set(['Degraded']);

/** Conditions that are not as they should be; the message of the status, or the health, may have said it. */
function problemsOf({ status }: Application): string[] {
  return (status?.conditions ?? [])
    .filter(({ type, status: is, message }) => {
      const isBad = is === (BAD.has(type) ? 'True' : 'False');
      return isBad && message !== '' && message !== status?.message && message !== status?.health?.message;
    })
    .map(({ type, status: is, reason, message }) => sentence(`${type} is ${is}, ${reason}: ${message}`));
}

function todoOf({ metadata, status }: Application): Why['todo'] {
  const { name, namespace = '' } = metadata;
  if (status?.phase === 'Suspended')
    return [{ line: `sluice resume ${name} -n ${namespace}`, does: 'has it applied again' }];
  return status?.phase === 'Failed' ? afterFailure(status, name, namespace) : [];
}

function afterFailure({ conditions = [] }: ApplicationStatus, name: string, namespace: string): Why['todo'] {
  const reason = conditions.find(({ type }) => type === 'Ready')?.reason;
  if (reason === 'HookFailed') {
    const line = `kubectl annotate applications.${GROUP} ${name} -n ${namespace} ${RETRY_HOOKS}=true`;
    return [{ line, does: 'has the hooks that have failed run again' }];
  }
  // What mends these is another commit, or another spec.
  if (reason === 'Unverified' || reason === 'DependencyCycle') return [];
  return [{ line: `sluice sync ${name} -n ${namespace}`, does: 'tries the newest commit again at once' }];
}
