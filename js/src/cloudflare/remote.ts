/**
 * Views of services and of Durable Objects: their `fetch`, and their methods, which may have any name.
 * @module
 */
import { type Fetch, fetchWithin } from '../http/client.js';
import { CLIENT } from '../http/span.js';
import { isAddressed } from '../http/propagate.js';
import { within } from '../http/within.js';
import { type Current, place } from './call.js';
import { beside, given } from './carrier.js';
import { type Invocation, tracer } from './invocation.js';
import { has, propagatorOf } from './options.js';
import { view, viewOf } from './view.js';

/** Whether context goes to an address, at which nobody but the user's own services must be. */
type Goes = (url: URL, invocation: Invocation) => boolean;

// What a stub has beside the other side's methods.
const OWN = /^(connect|dup|then|catch|finally|constructor)$/;

/** A view of a service, or of a Durable Object's stub: its `fetch`, and methods of any name. */
export function remote(target: any, label: string, current: Current, goes: Goes = toService(label)): unknown {
  return view(target, (key, value) => {
    if (typeof value !== 'function' || OWN.test(key)) return undefined;
    if (key !== 'fetch') return method(target, key, key, label, current);
    const native: Fetch = (input, init) => target.fetch(input, init);
    return (input: Request, init?: RequestInit) => fetchAt(current, label, native, input, init, goes);
  });
}

/** A request in a span of its own, if it is traced at all. */
export function fetchAt(
  current: Current,
  label: string,
  fetch: Fetch,
  input: Request | string,
  init: RequestInit | undefined,
  propagate: Goes,
): Promise<Response> {
  const at = place(current, label);
  if (!at) return fetch(input, init);
  const [invocation, parent] = at;
  return fetchWithin(fetch, input, init, {
    tracer,
    parent,
    propagate: (url) => propagate(url, invocation),
    propagator: propagatorOf(invocation.settings.options),
    capture: invocation.settings.options.capture,
    attributes: { 'cloudflare.binding.name': label },
  });
}

/** To the host that is served, and to whom the user named. */
export const toAddress: Goes = (url, { host, settings }) =>
  isAddressed(settings.options.propagate?.fetch ?? url.hostname === host, url);

/**
 * A binding may stand for somebody else's server (a client certificate, a browser), and does not show it. A
 * name without a dot is no host of the Internet's.
 */
const toService =
  (label: string): Goes =>
  (url, invocation) => {
    const { services = /^[\w-]+$/.test(url.hostname) } = invocation.settings.options.propagate ?? {};
    return has(services, label) || toAddress(url, invocation);
  };

/** A method, which may as well be a property that is awaited, or has methods itself. */
function method(parent: any, key: string, path: string, label: string, current: Current): unknown {
  const value = parent[key];
  return new Proxy(value, {
    get(_, inner) {
      const found = Reflect.get(value, inner);
      if (typeof inner === 'symbol' || typeof found !== 'function') return found;
      if (OWN.test(inner)) return (...args: unknown[]) => Reflect.apply(found, value, args);
      return method(value, inner, `${path}.${inner}`, label, current);
    },
    apply(_, __, args: unknown[]) {
      const sent = args.map((value) => given(value));
      const at = place(current, label);
      if (!at) return parent[key](...sent);
      const [{ settings }, context] = at;
      const attributes = {
        'rpc.system': 'cloudflare.rpc',
        'rpc.service': label,
        'rpc.method': path,
        'cloudflare.binding.name': label,
      };
      return within(tracer, context, { name: `${label}/${path}`, kind: CLIENT, attributes, remote: true }, (inside) => {
        if (has(settings.options.propagate?.rpc, label)) sent.push(beside(settings.options, inside));
        return parent[key](...sent);
      });
    },
  });
}

/** Of what gives out stubs. */
export function namespace(target: any, label: string, current: Current): unknown {
  return view(target, (key) => {
    if (key === 'jurisdiction') return (name: unknown) => namespace(target[key](name), label, current);
    if (!/^get/.test(key)) return undefined;
    return (...args: unknown[]) => remote(target[key](...args), label, current, () => true);
  });
}

/** A view of a context's `exports`: services and namespaces, which can be called with what they are to have. */
export function exported(target: any, current: Current): unknown {
  return view(target, (label, value: any) => {
    if (typeof value !== 'function') return undefined;
    const isNamespace = /Namespace/.test(Object.getPrototypeOf(value)?.constructor?.name);
    const made = (one: object): any =>
      isNamespace ? namespace(one, label, current) : remote(one, label, current, () => true);
    const own = made(value);
    const seen = new Proxy(value, {
      apply: (_, __, args: unknown[]) => made(Reflect.apply(value, target, args.map((one) => given(one)))),
      get: (_, key) => own[key],
    });
    return viewOf(seen, value);
  });
}
