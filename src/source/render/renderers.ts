// The tools that manifests are rendered by. Where a folder is input of two, the first is meant: a kustomization beside a chart uses it.
import { kustomize } from '../kustomize/kustomize.ts';
import { helm } from '../helm/helm.ts';
import type { Renderer } from './renderer.ts';

/** All of them. */
export const RENDERERS: readonly Renderer[] = [kustomize, helm];

/** Whose input a folder with these names is; undefined where its files are manifests as they are. */
export const rendererOf = (names: readonly string[]): Renderer | undefined =>
  RENDERERS.find((renderer) => renderer.claims(names) !== undefined);

/** The same for a folder of which the Application says that it is a chart: undefined where it is none. */
export const chartRendererOf = (names: readonly string[]): Renderer | undefined =>
  helm.claims(names) === undefined ? undefined : helm;
