/**
 * Mastra's way to other tracing: it asks a bridge for the ids of every span, and to run the work of a
 * span in its context. So a run is a child of the request's span, and what a tool does (a fetch, a query)
 * is a child of the tool's.
 *
 * A bridge records, too: into what traces the request, or what it was given. Where an EdgespanExporter is
 * listed beside it, that one records; each span is sent once.
 * @module
 */
import { putLast } from '../bounded.js';
import { type Engine, engines } from '../engine/engine.js';
import { flush } from '../engine/flush.js';
import { DECIDED, tellMore } from '../engine/hooks.js';
import type { Envelope } from '../engine/record.js';
import { MAX_LIVE } from '../limits.js';
import { Log, type LogLevel, type Logger } from '../log.js';
import type { Context } from '../otel/api.js';
import { active, SPAN, withContext } from '../otel/context.js';
import { propagatedAttributes } from '../otel/langfuse.js';
import { RECORD_AND_SAMPLED } from '../otel/sampler.js';
import { type Setup, setupIn, setupOf } from '../otel/setup.js';
import { RANDOM, randomId, SAMPLED, spanContextIn } from '../otel/span_context.js';
import { readContexts } from '../otel/tracer.js';
import { shared } from '../shared.js';
import { propagatedOf, withPropagated } from './propagated.js';
import { mastraOf } from './runs.js';
import { sample } from './sampled.js';
import {
  type Above,
  idOf,
  isStand,
  registeredSetup,
  RunTree,
  setupOfProvider,
  Stand,
  type StandParts,
} from './stand.js';
import type { MastraInitOptions, MastraSpan, MastraTracingEvent } from './types.js';

export interface EdgespanBridgeOptions {
  /** An `EdgespanTracerProvider`: spans go where its spans go. */
  provider?: object | undefined;
  /** An `EdgespanExporter` that is not listed among Mastra's: spans go where it sends them. */
  exporter?: object | undefined;
  /** `warn` by default. */
  logLevel?: LogLevel | undefined;
}

/** What Mastra tells of a span that it makes (`CreateSpanOptions`), as far as a bridge needs it. */
export interface MastraSpanOptions {
  name: string;
  parent?: MastraParent | undefined;
  /** With `parentSpanId`: of a run that is taken up again; alone: `tracingOptions.traceId`. */
  traceId?: string | undefined;
  parentSpanId?: string | undefined;
  /** `tracingOptions.parentSpanId`. */
  externalParentSpanId?: string | undefined;
}
/** A live span of Mastra's. */
export interface MastraParent {
  id: string;
  traceId: string;
  parent?: MastraParent | undefined;
}
/** What a bridge decides (`SpanIds`). */
export interface MastraSpanIds {
  traceId: string;
  spanId: string;
  parentSpanId?: string | undefined;
  externalParentSpanId?: string | undefined;
}


// Of all bridges: an exporter that records Mastra's spans knows nothing of the bridge beside it.
const stands = (): Map<string, Stand> => shared('stands', () => new Map());

/** A span with what its stand knows; the given one is everybody's and stays as it is. */
function tell(span: Envelope): Envelope {
  const parts = stands().get(span.id)?.parts;
  const told = parts?.propagated ? withPropagated(span as MastraSpan, parts.propagated) : span;
  return parts?.place ? { ...told, ...parts.place } : told;
}

/**
 * Mastra's `ObservabilityBridge`: agents and workflows become children of the span that is active where
 * they are called, and spans that their tools start become the tools' children.
 *
 * Without options spans go where those of the request go (`instrument()`), else where those of the
 * registered provider go. Listed beside an `EdgespanExporter`, a bridge leaves all sending to that one.
 * A bridge belongs to one configuration of Mastra's.
 *
 * @example
 * new Observability({ configs: { default: { serviceName: 'my-agent', bridge: new EdgespanBridge() } } })
 */
export class EdgespanBridge {
  /** Mastra's name for this bridge. */
  readonly name: string = 'edgespan-bridge';
  // Everything else is private: Mastra copies public fields into log events.
  readonly #log: Log;
  readonly #given: Setup | undefined;
  // Mastra's own list, which may grow.
  #exporters: readonly object[] = [];

  constructor(options?: EdgespanBridgeOptions) {
    const { provider, exporter, logLevel } = { ...options };
    this.#log = new Log(logLevel);
    tellMore('bridge', tell);
    readContexts(propagatedAttributes);
    const engine = engines.get(provider ?? exporter ?? this);
    this.#given = setupOfProvider(provider) ?? (engine && setupOf({ engine }));
    if (!this.#given && (provider || exporter)) {
      const what = provider ? 'provider' : 'exporter';
      this.#log.warn(`bridge ${what}`, `EdgespanBridge: \`${what}\` is none of edgespan: not used.`, true);
    }
  }

  /** Called by Mastra with the configuration that lists this bridge. */
  init(options?: MastraInitOptions): void {
    const { exporters, serviceName, sampling } = options?.config ?? {};
    this.#exporters = exporters ?? [];
    const engine = this.#target(active())?.engine;
    const runs = engine && mastraOf(engine);
    runs?.named(serviceName);
    if (!this.#recorder) runs?.sampledBefore(sampling); // exporters hear it themselves
  }

  /** Called by Mastra with its logger. */
  __setLogger(logger: Logger): void {
    this.#log.logger = logger;
  }

  /** Called by Mastra for each span that it makes; never throws. Undefined: Mastra finds ids itself. */
  createSpan(options: MastraSpanOptions): MastraSpanIds | undefined {
    try {
      return this.#create(options);
    } catch (error) {
      this.#log.warn('bridge create', `A span has no place in its trace: ${error}`);
      return undefined;
    }
  }

  /** Called by Mastra around the work of a span. */
  executeInContext<T>(spanId: string, fn: () => Promise<T>): Promise<T> {
    return this.executeInContextSync(spanId, fn);
  }

  /** The same for work that is done at once. */
  executeInContextSync<T>(spanId: string, fn: () => T): T {
    const stand = stands().get(spanId);
    return stand ? withContext(stand.parts.context, fn) : fn();
  }

  /** Called by Mastra for a span that ended and is not exported. */
  releaseSpan(spanId: string): void {
    const parts = stands().get(spanId)?.parts;
    if (parts?.opens) parts.tree.open = false;
    stands().delete(spanId);
  }

  /** Takes an event; never throws, never waits. */
  onTracingEvent(event: MastraTracingEvent): void {
    try {
      const { type, exportedSpan: span } = event;
      if (type !== 'span_started' && type !== 'span_ended') return;
      const stand = stands().get(span.id) ?? this.#adopt(span);
      // What is sampled out is counted.
      const run = stand.spanContext().traceFlags & SAMPLED ? undefined : null;
      const engine = this.#recorder ? undefined : stand.setup?.engine;
      if (engine) mastraOf(engine);
      if (type === 'span_started') {
        // It is exported: what is done in it has it as a parent.
        stand.parts.context = stand.parts.context.setValue(SPAN, stand);
        return run === null ? undefined : engine?.start(span);
      }
      engine?.end(span, undefined, 0, run);
      this.releaseSpan(span.id);
    } catch (error) {
      this.#log.warn('bridge event', `A span is not recorded: ${error}`);
    }
  }

  /** The same, in the shape of Mastra's exporters. */
  async exportTracingEvent(event: MastraTracingEvent): Promise<void> {
    this.onTracingEvent(event);
  }

  /** Sends what has ended, as `flush()` of what it records into; never rejects. */
  async flush(): Promise<void> {
    const engine = this.#recorder ? undefined : this.#target(active())?.engine;
    if (engine) await flush(engine);
  }

  /** The same: what a bridge records into is not its own. */
  shutdown(): Promise<void> {
    return this.flush();
  }

  /** What Mastra may copy into its logs. */
  serializeForSpan(): { name: string } {
    return { name: this.name };
  }

  // ---- Places in traces --------------------------------------------------------------------------

  #create(options: MastraSpanOptions): MastraSpanIds {
    const here = active();
    const above = here.getValue(SPAN) as Above | undefined;
    const around = spanContextIn(here);
    const { parent } = options;
    if (parent) {
      const { traceId, id } = parent;
      const near = this.#nearest(parent);
      const beyond = near?.parts.context;
      // The context may have been lost on the way, or be another run's, and of Mastra's spans the active
      // one need not be the parent.
      let context = around?.traceId === traceId ? here : (beyond ?? here);
      if (beyond && isStand(above)) context = context.setValue(SPAN, beyond.getValue(SPAN));
      return { traceId, spanId: this.#stand(context, { traceId, near }), parentSpanId: id };
    }
    // What is asked for wins over what is active: Mastra itself holds to the parent.
    const asked = idOf(options.traceId, 32) ?? around?.traceId;
    const traceId = asked ?? this.#target(here)?.idGenerator?.generateTraceId() ?? randomId(32);
    const isInside = around?.traceId === traceId;
    const resumed = idOf(options.parentSpanId, 16);
    const external = resumed ?? idOf(options.externalParentSpanId, 16);
    const parentSpanId = external ?? (isInside ? around.spanId : undefined);
    // Nobody joins another's run by its id alone: only what is active here is a parent that goes on.
    const isBelow = isStand(above) && isInside && parentSpanId === around.spanId;
    const near = isBelow && above.tree.open ? above : undefined;
    // A parent that is Mastra's is told from one that is not.
    const ids = isBelow || resumed ? { parentSpanId } : { externalParentSpanId: parentSpanId };
    const place = { isRootSpan: !near, parentSpanId: undefined, externalParentSpanId: undefined, ...ids };
    const context = isInside ? here : here.deleteValue(SPAN);
    const spanId = this.#stand(context, { traceId, near, run: options }, place);
    return { traceId, spanId, ...ids };
  }

  /** The nearest of a span and those above it that has a place: Mastra asks for none of internal ones. */
  #nearest(span: MastraParent | undefined): Stand | undefined {
    for (; span; span = span.parent) {
      const stand = stands().get(span.id);
      if (stand) return stand;
    }
    return undefined;
  }

  /** A span of which only now is heard: one that began in another request, say. */
  #adopt(span: MastraSpan): Stand {
    const { id, traceId: trace, parentSpanId, isRootSpan } = span;
    const traceId = idOf(trace, 32) ?? randomId(32);
    const above = stands().get(parentSpanId ?? '');
    const near = above?.spanContext().traceId === traceId ? above : undefined;
    this.#stand(near?.parts.context ?? active(), { traceId, near, run: isRootSpan ? span : undefined, id });
    return stands().get(id) as Stand;
  }

  /** Gives a span its place, below `near` if that is known. */
  #stand(context: Context, known: Known, place?: StandParts['place']): string {
    const { traceId, near } = known;
    const above = context.getValue(SPAN) as Above | undefined;
    const parent = spanContextIn(context);
    const setup = near?.setup ?? this.#target(context);
    const id = known.id ?? setup?.idGenerator?.generateSpanId() ?? randomId(16);
    if (!setup) {
      const what = "EdgespanBridge: there is nothing to send Mastra's spans to.";
      this.#log.warn('bridge', what, true);
    }
    const isOpen = above?.tree?.open && above.setup?.engine === setup?.engine;
    // A run is sampled as a whole.
    const told = near ? undefined : sample({ context, traceId, run: known.run, setup, recorder: this.#recorder });
    if (place && told) place = { ...place, [DECIDED]: told.made };
    const isSampled = told ? told.decision === RECORD_AND_SAMPLED : near && near.spanContext().traceFlags & SAMPLED;
    const own = {
      traceId,
      spanId: idOf(id, 16) ?? id,
      traceFlags: ((parent?.traceFlags ?? RANDOM) & RANDOM) | (isSampled ? SAMPLED : 0),
      traceState: told ? told.traceState : parent?.traceState,
    };
    const parts = {
      setup,
      tree: near?.tree ?? new RunTree(isOpen ? above?.tree : undefined),
      opens: !near,
      place,
      propagated: propagatedOf(context),
      threshold: told ? told.made.threshold : near?.parts.threshold,
      context,
    };
    putLast(stands(), id, new Stand(own, parts), MAX_LIVE);
    return id;
  }

  /** Where a run goes that begins in `context`, and what is traced below it. */
  #target(context: Context): Setup | undefined {
    const setup = this.#given ?? setupIn(context) ?? registeredSetup();
    const engine = this.#recorder;
    return engine && engine !== setup?.engine ? { ...(setup ?? setupOf({})), engine } : setup;
  }

  /** That of an exporter of ours, if one is listed beside this bridge. */
  get #recorder(): Engine | undefined {
    for (const one of this.#exporters) {
      const engine = engines.get(one);
      if (engine) return engine;
    }
    return undefined;
  }
}

/** What is known of a span's place. */
interface Known {
  readonly traceId: string;
  readonly near: Stand | undefined;
  /** What Mastra says of it, where a run begins with it. */
  readonly run?: { readonly name: string } | undefined;
  readonly id?: string | undefined;
}
