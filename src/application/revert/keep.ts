// Writes and deletes the Secrets that keep stable revisions, with Sluice's own rights.
import { AGENT_MANAGER, RESOURCES } from '../../api/names.ts';
import { Refusal } from '../../controller/failure.ts';
import type { Doing } from '../doing.ts';
import type { AgentIntent } from '../intents.ts';
import { snapshotName, snapshotSecret, SNAPSHOT_TYPE } from './snapshot.ts';
import { sealingKey, snapshotScope } from './stable.ts';

type Of<K extends AgentIntent['do']> = Extract<AgentIntent, { do: K }>;

export async function keepSnapshot({ key, snapshot }: Of<'KeepSnapshot'>, at: Doing): Promise<void> {
  const { client, memory, seen, context } = at;
  const sealedWith = await sealingKey(context);
  if (!sealedWith.ok) throw new Refusal(`a snapshot cannot be sealed: ${sealedWith.error}`);
  const secret = snapshotSecret(snapshot, snapshotScope(key, seen.app, context), sealedWith.value);
  if (!secret) throw new Refusal('the declared content is larger than a Secret may be');
  const { name, namespace } = secret.metadata;
  const request = { name, namespace, type: 'apply', body: secret, fieldManager: AGENT_MANAGER, force: true } as const;
  await client.patch(RESOURCES.secrets, request);
  memory.snapshots.set(key, snapshot);
  memory.refused.delete(key);
}

export async function dropSnapshot({ key, rollout }: Of<'DropSnapshot'>, { client, memory }: Doing): Promise<void> {
  const { name, namespace } = rollout;
  const secret = await client.get(RESOURCES.secrets, snapshotName(name), namespace);
  if (secret?.['type'] === SNAPSHOT_TYPE)
    await client.delete(RESOURCES.secrets, snapshotName(name), namespace, { uid: secret.metadata.uid });
  memory.snapshots.set(key, undefined);
}
