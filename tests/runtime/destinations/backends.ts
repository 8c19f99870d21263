// Every destination with a name, pointed at the sink: below a path of its own, with credentials that
// must appear nowhere else.
import * as to from 'edgespan/destinations';
import type { Destination } from 'edgespan/destinations';

/** The destinations; `sink` is an origin. Beginnings of credentials are as their backends have them. */
export function backends(sink: string, secret: string): Destination[] {
  const at = (name: string) => ({ endpoint: `${sink}/ok/${name}` });
  const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
  return [
    to.lemma({ ...at('lemma'), apiKey: `lma_${secret}`, projectId: UUID, release: 'r42' }),
    to.agnost({ ...at('agnost'), orgId: `org-${secret}` }),
    to.langfuse({
      ...at('langfuse'),
      publicKey: `pk-lf-${secret}`,
      secretKey: `sk-lf-${secret}`,
      environment: 'test',
      release: 'r42',
    }),
    to.langsmith({ ...at('langsmith'), apiKey: secret, projectName: 'weather' }),
    to.braintrust({ ...at('braintrust'), apiKey: secret, projectName: 'weather' }),
    to.phoenix({ ...at('phoenix'), apiKey: secret, projectName: 'weather' }),
    to.arize({ ...at('arize'), spaceId: `space-${secret}`, apiKey: secret, projectName: 'weather' }),
    to.datadog({ ...at('datadog'), apiKey: secret, mlApp: 'weather', environment: 'test' }),
    to.laminar({ ...at('laminar'), apiKey: secret }),
    to.posthog({ ...at('posthog'), apiKey: `phc_${secret}` }),
    to.sentry({ dsn: `${sink.replace('://', `://${secret}@`)}/ok/sentry/42`, environment: 'test' }),
    to.dash0({ ...at('dash0'), apiKey: secret, dataset: 'agents' }),
    to.mlflow({ ...at('mlflow'), experimentId: '7', token: secret }),
    to.newRelic({ ...at('newrelic'), apiKey: secret }),
    to.signoz({ ...at('signoz'), apiKey: secret }),
    to.traceloop({ ...at('traceloop'), apiKey: secret }),
    to.honeycomb({ ...at('honeycomb'), apiKey: secret }),
    to.grafanaCloud({ ...at('grafana-cloud'), instanceId: '123456', token: `glc_${secret}` }),
    to.axiom({ ...at('axiom'), token: secret, dataset: 'agents' }),
    to.collector({ ...at('collector') }),
  ];
}
