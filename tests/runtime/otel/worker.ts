// The app as a Worker, with the AsyncLocalStorage that is found, if any is.
import { handle, type Settings } from './app.ts';

export default { fetch: (request: Request, env: Settings): Promise<Response> => handle(request, env) };
