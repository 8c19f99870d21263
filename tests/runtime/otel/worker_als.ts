// The app as a Worker that brings AsyncLocalStorage: with the flag `nodejs_als` it is not found by itself.
import { AsyncLocalStorage } from 'node:async_hooks';
import { handle, type Settings } from './app.ts';

export default {
  fetch: (request: Request, env: Settings): Promise<Response> =>
    handle(request, { ...env, AsyncLocalStorage: AsyncLocalStorage as never }),
};
