// Bad input is a value: where it is wrong, what is wrong, and what to write instead.

export interface Issue {
  /** The field, as `spec.strategy.canary.steps[2].pause.duration`. */
  field: string;
  message: string;
}

export type Result<T, E = Issue[]> = { ok: true; value: T } | { ok: false; error: E };

/** What was asked for. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
/** Why there is nothing: of use to a person, and never thrown. */
export const fail = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });

/** What each of them is, or everything that keeps any of them from being. */
export function all<T, E>(results: readonly Result<T, E[]>[]): Result<T[], E[]> {
  const errors = results.flatMap((result) => (result.ok ? [] : result.error));
  return errors.length > 0 ? fail(errors) : ok(results.flatMap((result) => (result.ok ? [result.value] : [])));
}
