import { objectOf } from '../transport/env.js';
import type { Destination } from './destination.js';
import { type BackendOptions, Settings } from './preset.js';

export interface GrafanaCloudOptions extends BackendOptions {
  /** The stack's number; `GRAFANA_CLOUD_INSTANCE_ID` by default. */
  instanceId?: string | number | undefined;
  /** An access policy's token, `glc_…`; `GRAFANA_CLOUD_API_KEY` by default. */
  token?: string | undefined;
  /** Another name of `token`. */
  apiKey?: string | undefined;
  /** In place of an `endpoint`: the stack's, `us-west-0`, say. */
  zone?: string | undefined;
}

/**
 * [Grafana Cloud](https://grafana.com/products/cloud/) (Tempo). What its console shows to be copied does:
 * `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_HEADERS`; or an instance's number and a token,
 * with the stack's `zone` or `endpoint`.
 *
 * @example
 * grafanaCloud({ instanceId: '123456', token: env.GRAFANA_CLOUD_API_KEY, zone: 'us-west-0' })
 *
 * @source documentation
 * @unverified gzip: bodies are sent as they are; 2048 bytes a value, Tempo's standard, at which values
 * are cut
 */
export function grafanaCloud(options: GrafanaCloudOptions = {}): Destination {
  const settings = new Settings(options);
  const zone = settings.part('zone');
  const instanceId = settings.optional('instanceId', 'GRAFANA_CLOUD_INSTANCE_ID');
  const token = settings.optional('token', 'GRAFANA_CLOUD_API_KEY', 'apiKey');
  const url = settings.url(
    '/otlp/v1/traces',
    zone && `https://otlp-gateway-prod-${zone}.grafana.net`,
    'OTEL_EXPORTER_OTLP_ENDPOINT',
  );
  // The variable may name another receiver, which must not see Grafana's credentials, nor Grafana its.
  const told = objectOf(options).endpoint?.trim() || zone;
  if (url && !told && !/\.grafana\.net$/.test(new URL(url).hostname)) {
    settings.fail('`endpoint` (or OTEL_EXPORTER_OTLP_ENDPOINT) is not one of Grafana Cloud');
  }
  let headers: Record<string, string> = {};
  if (!instanceId && !token && !told) headers = settings.pairs('OTEL_EXPORTER_OTLP_HEADERS');
  if (!Object.keys(headers).some((header) => /^authorization$/i.test(header))) {
    const user = settings.required('instanceId', 'GRAFANA_CLOUD_INSTANCE_ID');
    const password = settings.required('token', 'GRAFANA_CLOUD_API_KEY', 'apiKey');
    headers.authorization = settings.basic(user, password);
  }
  return settings.destination({
    name: 'grafana-cloud',
    url,
    headers,
    limits: { attributeValueLengthLimit: 2048 },
  });
}
