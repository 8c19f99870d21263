import type { Destination } from './destination.js';
import { agnost as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface AgnostOptions extends BackendOptions {
  /** `AGNOST_ORG_ID` by default. It is no secret: who has it can send, not read. */
  orgId?: string | undefined;
}

/**
 * [Agnost](https://agnost.ai): `userId`, `conversationId` and `threadId` of a run's metadata group its
 * users and sessions.
 *
 * @example
 * agnost({ orgId: env.AGNOST_ORG_ID })
 *
 * @source documentation
 * @unverified gzip and limits of a request: bodies are sent as they are
 */
export function agnost(options: AgnostOptions = {}): Destination {
  const settings = new Settings(options);
  return settings.destination({
    name: 'agnost',
    url: settings.url('/v1/traces', 'https://otel.agnost.ai', 'AGNOST_OTEL_URL'),
    headers: { 'x-agnost-org-id': settings.required('orgId', 'AGNOST_ORG_ID') },
    dialect,
    signals: [],
  });
}
