import type { Destination } from './destination.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface AxiomOptions extends BackendOptions {
  /** `xaat-…`; `AXIOM_TOKEN` by default. */
  token?: string | undefined;
  /** Another name of `token`. */
  apiKey?: string | undefined;
  /** `AXIOM_DATASET` by default. */
  dataset?: string | undefined;
  /** With a personal token; `AXIOM_ORG_ID` by default. */
  orgId?: string | undefined;
  /** Of the dataset's edge deployment: `us-east-1.aws`, `eu-central-1.aws`; none by default. */
  region?: string | undefined;
}

/**
 * [Axiom](https://axiom.co). The address must be that of the dataset's deployment: `region`, `endpoint` or
 * `AXIOM_URL`.
 *
 * @example
 * axiom({ token: env.AXIOM_TOKEN, dataset: 'agents' })
 *
 * @source documentation
 * @unverified limits of a request; `AXIOM_URL`
 */
export function axiom(options: AxiomOptions = {}): Destination {
  const settings = new Settings(options);
  const region = settings.part('region');
  const token = settings.required('token', 'AXIOM_TOKEN', 'apiKey');
  return settings.destination({
    name: 'axiom',
    url: settings.url(
      '/v1/traces',
      region ? `https://${region}.edge.axiom.co` : 'https://api.axiom.co',
      'AXIOM_URL',
    ),
    headers: {
      authorization: `Bearer ${token}`,
      'x-axiom-dataset': settings.required('dataset', 'AXIOM_DATASET'),
      'x-axiom-org-id': settings.optional('orgId', 'AXIOM_ORG_ID'),
    },
    gzip: GZIP,
  });
}
