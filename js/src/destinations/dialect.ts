/**
 * How spans become attributes.
 * @module
 */

/**
 * A table of rules, which the core reads: import one of `edgespan/dialects` and pass it to `otlp()`. A
 * bundle carries the tables of the dialects that it imports, and no others.
 *
 * @example
 * import { langfuse } from 'edgespan/dialects';
 *
 * otlp({ endpoint, headers, dialect: langfuse });
 */
export interface Dialect {
  readonly name: string;
  /** Made from the core's sources; not meant to be read, nor to be kept from one version to another. */
  readonly table: string;
}
