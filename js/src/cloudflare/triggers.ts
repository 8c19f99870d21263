/**
 * What invokes a Worker, and what its span says: OpenTelemetry's conventions for functions, HTTP and
 * messages. https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/
 * @module
 */
import { type Begin, serverSpan } from '../http/server.js';
import { CONSUMER, HEADERS, SERVER } from '../http/span.js';
import type { Attributes, Context, Link } from '../otel/api.js';
import { active, ROOT } from '../otel/context.js';
import { MEMBERS, takeFrom } from './carrier.js';
import { calledBy, Invocation, type WaitUntil } from './invocation.js';
import type { InstrumentOptions, Settings } from './options.js';

/** A root span to be, and whose child it is. */
export interface Trigger extends Begin {
  readonly parent?: Context | undefined;
}

type Of = (options: InstrumentOptions, ...args: any[]) => Trigger;

/** `type`: its `faas.trigger`. */
function trigger(name: string, type: string, attributes?: Attributes, kind?: number, links?: Link[]): Trigger {
  return { name, kind, links, attributes: { 'faas.trigger': type, ...attributes } };
}

/** By the handler's name; its arguments follow the options. */
export const TRIGGERS: Readonly<Record<string, Of>> = {
  fetch(options, request: Request & { cf?: Record<string, unknown> }) {
    const { capture, trust = true } = options;
    const { cf, headers } = request;
    const { attributes, name, ...begin } = serverSpan(request, capture);
    const route = options.route?.(request);
    return {
      ...begin,
      name: route ? `${name} ${route}` : name,
      ...calledBy(options, headers, HEADERS, typeof trust === 'function' ? trust(request) : trust),
      attributes: {
        'faas.trigger': 'http',
        'http.route': route,
        'faas.invocation_id': headers.get('cf-ray') ?? undefined,
        'cloudflare.colo': cf?.colo,
        'network.protocol.version': `${cf?.httpProtocol ?? ''}`.split('/')[1],
        ...attributes,
      },
    };
  },
  scheduled: (_, { cron, scheduledTime }: { cron: string; scheduledTime: number }) =>
    trigger(`scheduled ${cron}`, 'timer', { 'faas.cron': cron, 'faas.time': new Date(scheduledTime).toISOString() }),
  queue: (options, { queue, messages }: { queue: string; messages: readonly { body: unknown }[] }) =>
    trigger(
      `process ${queue}`,
      'pubsub',
      {
        'messaging.system': 'cloudflare.queues',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': queue,
        'messaging.batch.message_count': messages.length,
      },
      CONSUMER,
      messages.flatMap(({ body }) => calledBy(options, takeFrom(body), MEMBERS, false).links),
    ),
  email: (_, { rawSize }: { rawSize: number }) =>
    trigger('email', 'other', { 'cloudflare.email.size': rawSize }, CONSUMER),
  tail: (_, events: readonly unknown[]) =>
    trigger('tail', 'other', { 'cloudflare.tail.events': events.length }, CONSUMER),
  alarm: (_, info?: { retryCount?: number }) =>
    trigger('alarm', 'timer', { 'cloudflare.alarm.retry_count': info?.retryCount }),
  webSocketMessage: (_, __, message: string | ArrayBuffer) =>
    trigger(
      'webSocketMessage',
      'other',
      { 'cloudflare.websocket.size': typeof message === 'string' ? message.length : message.byteLength },
      SERVER,
    ),
  webSocketClose: (_, __, code: number) =>
    trigger('webSocketClose', 'other', { 'cloudflare.websocket.code': code }, SERVER),
  webSocketError: () => trigger('webSocketError', 'other', {}, SERVER),
};

/** A method that is called by another Worker. */
export function rpcTrigger(options: InstrumentOptions, service: string, method: string, carrier: unknown): Trigger {
  return {
    ...trigger(`${service}/${method}`, 'other', {
      'rpc.system': 'cloudflare.rpc',
      'rpc.service': service,
      'rpc.method': method,
    }, SERVER),
    parent: carrier ? calledBy(options, carrier, MEMBERS, true).parent : ROOT,
  };
}

/** What can keep an invocation alive. */
export interface Host {
  waitUntil(promise: Promise<unknown>): void;
}

/** Where a handler of ours called this one (an app within an app), its span is the parent. */
export function begin(
  settings: Settings | undefined,
  host: Host | undefined,
  trigger: (settings: Settings) => Trigger,
): Invocation | undefined {
  try {
    if (!settings) return undefined;
    const { parent = ROOT, ...rest } = trigger(settings);
    const keep: WaitUntil = (promise) => host?.waitUntil(promise);
    return Invocation.begin(settings, rest, Invocation.active ? active() : parent, keep);
  } catch (error) {
    settings?.setup.engine?.log.warn('invocation', `An invocation is not traced (${error})`);
    return undefined;
  }
}
