// Servers as child processes: started on ports of their own, asked until they answer, ended.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A reason for which a receiver cannot be had here; the suite skips it, visibly. */
export class Unavailable extends Error {}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a command prints; throws with the end of its errors. No process is left behind. */
export function output(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve(stdout.trim());
      reject(new Error(`${command} ${args[0] ?? ''}: ${code}: ${tail(`${stdout}\n${stderr}`)}`));
    });
  });
}

export const tail = (text) => (text ?? '').trim().slice(-400);

/**
 * Starts a server and waits until `url` answers at all. `command(dir)` says what to run, in a folder of
 * its own that is removed with it: [program, args, env].
 *
 * @returns stop(): ends it, and removes the folder.
 */
export async function startServer(name, url, command, seconds = 30) {
  const dir = mkdtempSync(join(tmpdir(), `edgespan-${name}-`));
  const [program, args, env] = command(dir);
  // A group of its own: servers have workers.
  const options = { cwd: dir, detached: true, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn(program, args, { ...options, env: { ...process.env, ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (said = (said + chunk).slice(-4000)));
  }
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', (error) => resolve((said += error)));
  });
  const endGroup = (signal) => {
    if (!child.pid) return; // there is no such program
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error; // it has ended
    }
  };
  const kill = () => endGroup('SIGKILL');
  const remove = () => rmSync(dir, { recursive: true, force: true });
  // Where the suite itself breaks off.
  const abandon = () => {
    kill();
    remove();
  };
  process.once('exit', abandon);
  const stop = async () => {
    endGroup('SIGTERM');
    const timer = setTimeout(kill, 5000);
    await ended;
    clearTimeout(timer);
    kill(); // workers that outlived it
    process.off('exit', abandon);
    remove();
  };
  const deadline = Date.now() + seconds * 1000;
  while (!(await answers(url))) {
    const dead = child.exitCode !== null || !child.pid;
    if (!dead && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    await stop();
    throw new Error(`${name} ${dead ? 'ended at once' : 'does not answer'}: ${said}`);
  }
  return { stop };
}

const answers = (url) =>
  fetch(url).then(
    async (response) => (await response.arrayBuffer(), true),
    () => false,
  );
