import { mlflowScores } from './scores/mlflow.js';
import type { Destination } from './destination.js';
import { mlflow as dialect } from './dialects.gen.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface MlflowOptions extends BackendOptions {
  /** The server's address, another name of `endpoint`; `MLFLOW_TRACKING_URI` by default. */
  trackingUri?: string | undefined;
  /** `MLFLOW_EXPERIMENT_ID` by default: a number, not the experiment's name. */
  experimentId?: string | number | undefined;
  /** `MLFLOW_TRACKING_TOKEN` by default. */
  token?: string | undefined;
  /** `MLFLOW_TRACKING_USERNAME` by default. */
  username?: string | undefined;
  /** `MLFLOW_TRACKING_PASSWORD` by default. */
  password?: string | undefined;
}

/**
 * An [MLflow](https://mlflow.org) tracking server, 3.6 or later, with an SQL store; not Databricks.
 * `http://localhost:5000` by default.
 *
 * @example
 * mlflow({ trackingUri: 'https://mlflow.example.com', experimentId: '42' })
 *
 * @source the server's code
 */
export function mlflow(options: MlflowOptions = {}): Destination {
  const settings = new Settings(options);
  const token = settings.optional('token', 'MLFLOW_TRACKING_TOKEN');
  const username = settings.optional('username', 'MLFLOW_TRACKING_USERNAME');
  const password = settings.optional('password', 'MLFLOW_TRACKING_PASSWORD') ?? '';
  const name = settings.variable('MLFLOW_EXPERIMENT_NAME');
  if (name && !settings.optional('experimentId', 'MLFLOW_EXPERIMENT_ID')) {
    settings.fail(
      '`experimentId` (or MLFLOW_EXPERIMENT_ID) is missing; MLFLOW_EXPERIMENT_NAME is no number, which OTLP wants',
    );
  }
  const experimentId = settings.required('experimentId', 'MLFLOW_EXPERIMENT_ID');
  settings.expect(experimentId, /^\d+$/, "an experiment's number");
  return settings.destination({
    name: 'mlflow',
    url: settings.url('/v1/traces', 'http://localhost:5000', 'MLFLOW_TRACKING_URI', 'trackingUri'),
    headers: {
      'x-mlflow-experiment-id': experimentId,
      authorization: token ? `Bearer ${token}` : username && settings.basic(username, password),
    },
    dialect,
    scores: mlflowScores,
    signals: [],
    gzip: GZIP,
  });
}
