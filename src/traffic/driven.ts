// What a driven object is to the rest: something of the cluster by which requests are led, that is read, and written a little at a time. A
// route is driven by a split, a selector by the hashes of the revisions.
import type { KubeObject, Resource } from '../api/k8s.ts';
import type { Issue, Result } from '../api/result.ts';
import type { HeaderMatch, Role, Traffic } from '../api/traffic.ts';
import type { Marking } from './marks.ts';
import type { Write } from './write.ts';

/** Where requests are to go. */
export interface Split {
  /** By destination, whole and none negative; the sum is `total`. */
  readonly weights: Readonly<Record<Role, number>>;
  readonly total: number;
  /** Requests that go to the candidate whatever the weights are; undefined leaves what is there, null takes it away. */
  readonly preview?: readonly HeaderMatch[] | null | undefined;
  /** Places of the entries that are meant; undefined: all that are driven. */
  readonly places?: ReadonlySet<number> | undefined;
  /** What the Rollout notes of itself in the same write; undefined leaves all marks as they are. */
  readonly marking?: Marking | undefined;
}

/** What is in force. */
export interface ReadSplit {
  /** Percent by destination, of the route with the most on the canary; a destination with any weight never reads as 0. */
  readonly weights: Readonly<Record<Role, number>>;
  /** False when the routes of the object differ. */
  readonly even: boolean;
}

/** Pod hash by side. */
export type Hashes = Readonly<Partial<Record<Role, string>>>;

interface At {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /** Where it is declared, below the strategy, as `trafficRouting.istio.destinationRule`. */
  readonly field: string;
}

interface Driven<Wanted, Found> extends At {
  /** The smallest write that brings the object to what is wanted; undefined when it is there. Issues name the object's fields. */
  plan(object: KubeObject, wanted: Wanted): Result<Write | undefined, Issue[]>;
  /** What is in force. */
  read(object: KubeObject): Result<Found, Issue[]>;
  /** `applied` with what is driven taken over from `live`; `applied` itself where that cannot be told. */
  keep(applied: KubeObject, live: KubeObject): KubeObject;
}

/** An object that splits requests between the two sides. */
export interface DrivenRoute extends Driven<Split, ReadSplit> {
  readonly drives: 'split';
  /** Two of one key keep their previews together; undefined where it has none. */
  readonly previewKey: string | undefined;
  /** Whether requests with these headers, and no others, are shown the candidate; null: none are. True where that cannot be told. */
  shows(object: KubeObject, headers: readonly HeaderMatch[] | null): boolean;
  /** Places of the entries that it drives, in their list; empty where that cannot be told. */
  places(object: KubeObject): readonly number[];
  /** Whether copies of entries for some requests seem to be left, as far as they are noted: also where the entries cannot be read. */
  hasCopies(object: KubeObject): boolean;
  /** What its own controller says against it, where that says anything, and what keeps these headers from being shown. */
  verify(object: KubeObject, headers: readonly HeaderMatch[] | null): Issue[];
}

/** An object whose selectors say which pods a side is. */
export interface DrivenSelector extends Driven<SelectorWanted, Hashes> {
  readonly drives: 'selectors';
  /** What of it is driven, for people: `the selector`. */
  readonly what: string;
  readonly roles: readonly Role[];
  /** What of the object is driven: two that drive no part in common keep out of each other's way. */
  readonly parts: readonly string[];
}

export interface SelectorWanted {
  /** A side that is not named stays as it is. */
  readonly hashes: Hashes;
  /** Verdict to remember, where the selector moves all of the traffic; `''` or null takes it away, undefined leaves it as it is. */
  readonly rejected?: string | null | undefined;
}

export type DrivenObject = DrivenRoute | DrivenSelector;

/** How to take the hand off an object. */
export interface Unbound {
  readonly write: Write;
  /** For a person: what is done to the object. */
  readonly what: string;
}

/** A kind of which objects are driven. All that is special of a kind is said here: nobody else asks for one by its name. */
export type DrivenKind = {
  readonly resource: Resource;
  /** What the controller has to be allowed to do with it. */
  readonly verbs: readonly string[];
  /** What of it is driven, for the docs. */
  readonly owned: string;
  /** The field that what is driven is in, or is: who owns it drives the object, or has interfered. */
  readonly field: readonly string[];
  /** What a cache keeps, where there are many and most are nobody's. Default: all of it. */
  readonly slim?: (object: KubeObject) => KubeObject;
} & (
  | { readonly drives: 'split' }
  | {
      readonly drives: 'selectors';
      /** A hash of a revision is in it, whoever wrote that, and whatever it is. */
      isBound(object: KubeObject): boolean;
      /** Lets go of all of its parts but those that go on being driven. */
      unbind(object: KubeObject, kept?: ReadonlySet<string>): Unbound | undefined;
    }
);

/** Between which Services requests are shared out, where any are named. */
export type Sides = Pick<Traffic, 'canaryService' | 'stableService'>;

/** Whatever a router is, this is what is known of it. `C` is the type of its fields below `trafficRouting`. */
export interface RouterModule<C> {
  /** As its users call it. */
  readonly title: string;
  readonly kinds: readonly DrivenKind[];
  /** What its own controllers do everywhere, and is no news. */
  readonly own?: RouterOwn;
  /** The objects that a Rollout in `namespace` drives. */
  objects(config: C, sides: Sides, namespace: string): readonly DrivenObject[];
}

/** What the controllers of a router do by themselves. */
export interface RouterOwn {
  /** Their field managers. */
  readonly managers: readonly string[];
  /** Names of the ConfigMaps that they put into each namespace. */
  readonly configMaps: readonly string[];
}

/** Enough to read, follow and write a part of an object. */
export const DRIVEN_VERBS: readonly string[] = ['get', 'list', 'watch', 'patch'];
