/**
 * Stores for what an outage leaves behind: batches that could not be sent, until their destination is
 * well again.
 * @module
 */
export {
  type DurableObjectStorageLike,
  durableObjectSpool,
  type KVNamespaceLike,
  kvSpool,
  type R2BucketLike,
  type R2ObjectLike,
  r2Spool,
} from './cloudflare.js';
export {
  type MessageBatchLike,
  type MessageLike,
  type QueueLike,
  type QueueSpoolOptions,
  queueSpool,
  replayQueue,
} from './queue.js';
export {
  type Claim,
  type Lose,
  type MemorySpoolOptions,
  memorySpool,
  type Spool,
  type Unsent,
} from './spool.js';
export { type SpoolStore, storeSpool, type StoreSpoolOptions } from './store.js';
