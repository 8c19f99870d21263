/**
 * Limits that the host sets, and the tape's shifts: numbers alone, without an import, so that bundlers
 * write them where they are used.
 * @module
 */

/** Where key and argument lie in a word of the tape. */
export const KEY_SHIFT = 4;
export const ARG_SHIFT = 18;

/**
 * Words and doubles that are free whenever a member begins: a key, a value, the ends of all open
 * containers and the next item's envelope.
 */
export const SLACK = 160;
/** A commit before the next span once the rope is this long; of the areas, once half is used. */
export const FILLED_UNITS = 30_000;
/** How often a key's text goes over as UTF-16 before UTF-8 is tried again. */
export const WIDE_RUN = 64;
/** Long ASCII strings before Buffer is looked for: on workerd the first look loads node:buffer. */
export const PATIENCE = 100;
/** What one tape may take: the core would give up other spans for it, so not all of its memory. */
export const MAX_WORDS = 524_288;
export const MAX_DOUBLES = 262_144;
export const MAX_TEXT = 6_291_456;
/** Words of one tape beyond which containers are left out: shared parts can multiply without end. */
export const MAX_CONTENT_WORDS = 262_144;
/** Containers inside containers, one span: below the core's own limit. */
export const MAX_NESTING = 60;
export const MAX_NAME_UNITS = 65_535;
export const MAX_KEY_UNITS = 4_096;
/** Longer strings are cut: the core holds a span up to three times (here, as a record, in a batch). */
export const MAX_UNITS = 1_048_576;
/** The same, of a span that does not fit otherwise. */
export const CUT_UNITS = 131_072;
/** Places in objects that are told apart for the prediction of keys; two in one is a miss, no more. */
export const PLACES = 32_768;
/** Fractions whose text is remembered. */
export const FRACTIONS = 256;

/** Configurations in use that exporters built later may share. */
export const MAX_PIPELINES = 256;
/** For a cut: any trace, open ones included (the core's kOpenTraces, as the ABI's signed number). */
export const OPEN_TRACES = -1;
/** For closing: all open runs (the core's kEver). */
export const EVER = -1;
/** A run of which nothing was heard for so long (ms) is taken for dead. */
export const SILENCE_MS = 300_000;
/** When ended spans of a run that goes on leave: so old (ms), so many, so large. */
export const EARLY_MS = 10_000;
export const EARLY_SPANS = 256;
export const EARLY_BYTES = 1_000_000;
/** The core's kMaxDestinations. */
export const MAX_DESTINATIONS = 8;
/** Runs of one exporter whose root has not ended. */
export const MAX_OPEN_TRACES = 4_096;
/**
 * Spans of OpenTelemetry's that go on, with one configuration: those of requests that died hold what their
 * contexts hold.
 */
export const MAX_LIVE = 4_096;
/**
 * Batches that requests hold: of all pipelines (the core has room for 256, its kMaxBatches), and of one
 * destination, so that one which does not answer leaves room for others.
 */
export const MAX_HELD = 240;
export const MAX_SENDING = 64;
/** Requests of one delivery at once: a Worker has six connections, and its own code needs some. */
export const MAX_CONNECTIONS = 4;
/** A request that can be no more: its context was ended by the platform, nobody will release it. */
export const ABANDONED_MS = 120_000;
/** How often, and for how many turns of how long, a request waits while others are sending. */
export const TURN_MS = 20;
export const MAX_TURNS = 500;
/** Spans that ended after their root are sent together; guards against a request that died. */
export const LATE_MS = 1_000;
/** How long a run's end waits for its formatters by default, and how many ended spans wait for theirs. */
export const FORMATTER_MS = 2_000;
export const MAX_FORMATTING = 4_096;
/** How long a flush waits for answers. */
export const FLUSH_MS = 30_000;
/** How long a run's delivery may take by default: Workers live 30 seconds after their response. */
export const RETRY_MS = 25_000;
/** What is claimed from a store is its claimer's for so long, and the time in which it is sent. */
export const LEASE_MS = 30_000;
/** Of what a store holds, a delivery sends so many batches and bytes to a destination. */
export const MAX_REPLAYS = 16;
export const MAX_REPLAYED_BYTES = 4_194_304;
/** The part of an answer that is read. */
export const MAX_ANSWER_BYTES = 65_536;
export const MAX_ERRORS = 16;
/** A warning is not said again for so long; so many are remembered. */
export const QUIET_MS = 60_000;
export const MAX_SAID = 256;
/** Thresholds of sampling (sampling/threshold.ts): nothing is kept; it is, and nobody knows how likely that was. */
export const NEVER: number = 2 ** 56;
export const UNKNOWN_ODDS = -1;
