/**
 * What Vercel tells a function about itself, in the names of OpenTelemetry's conventions; what these
 * have no name for is under `vercel.*`.
 * @module
 */
import { Env, type Environment } from '../transport/env.js';

// https://vercel.com/docs/environment-variables/system-environment-variables
const VARIABLES: Readonly<Record<string, string>> = {
  VERCEL_REGION: 'cloud.region',
  VERCEL_DEPLOYMENT_ID: 'deployment.id',
  VERCEL_GIT_COMMIT_SHA: 'vcs.ref.head.revision',
  VERCEL_GIT_COMMIT_REF: 'vcs.ref.head.name',
  VERCEL_GIT_PULL_REQUEST_ID: 'vcs.change.id',
  VERCEL_GIT_PROVIDER: 'vcs.provider.name',
  VERCEL_GIT_REPO_OWNER: 'vcs.owner.name',
  VERCEL_GIT_REPO_SLUG: 'vcs.repository.name',
  VERCEL_URL: 'vercel.url',
  VERCEL_BRANCH_URL: 'vercel.branch_url',
  VERCEL_PROJECT_ID: 'vercel.project_id',
};

/**
 * The resource of a function on Vercel; empty elsewhere. `service.version` is the commit, or without
 * one the deployment.
 */
export function vercelResource(environment?: Environment): Record<string, string> {
  const env = new Env(environment);
  if (!env.get('VERCEL') && !env.get('VERCEL_ENV')) return {};
  const resource: Record<string, string> = { 'cloud.provider': 'vercel' };
  const put = (name: string, value: string | undefined): void => {
    if (value) resource[name] = value;
  };
  for (const [variable, name] of Object.entries(VARIABLES)) put(name, env.get(variable));
  // A custom environment is called `preview` by VERCEL_ENV.
  put('deployment.environment.name', env.get('VERCEL_TARGET_ENV') ?? env.get('VERCEL_ENV'));
  put('service.version', env.get('VERCEL_GIT_COMMIT_SHA') ?? env.get('VERCEL_DEPLOYMENT_ID'));
  return resource;
}

/** The addresses of this deployment and of its siblings: where a trace may go on by default. */
export function ownHosts(environment?: Environment): Set<string> {
  const env = new Env(environment);
  const names = ['VERCEL_URL', 'VERCEL_BRANCH_URL', 'VERCEL_PROJECT_PRODUCTION_URL'];
  return new Set(names.flatMap((name) => env.get(name)?.toLowerCase() ?? []));
}
