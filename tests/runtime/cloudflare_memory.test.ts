// What `instrument()` keeps between invocations, in workerd: nothing.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Lab } from './cloudflare/lab.ts';

// With options for the isolate, and with new ones for each invocation.
for (const [what, path, text, count] of [
  ['10,000 invocations in one isolate', '/some', 'data: 0\n\n', 2000],
  ['5,000 with options of their own', '/?app=fresh', '', 1000],
] as const) {
  it(`${what}: memory is flat`, { timeout: 300_000 }, async (test) => {
    const lab = await Lab.start(['nodejs_compat'], true);
    test.after(() => lab.close());
    let sent = 0;
    const requests = async (more: number): Promise<void> => {
      const goal = sent + more;
      const client = async (): Promise<void> => {
        while (sent < goal) {
          sent++;
          assert.equal(await (await lab.get(path)).text(), text);
        }
      };
      await Promise.all(Array.from({ length: 16 }, client));
      await lab.sink.until(() => lab.sink.requests.length >= sent, `${sent} traces`, 60_000);
      for (const request of lab.sink.requests) assert.equal(request.path, '/ok/v1/traces');
    };
    // After a fifth, three fifths and all.
    const figures: { core: number; heap: number }[] = [];
    for (const more of [count, 2 * count, 2 * count]) {
      await requests(more);
      figures.push(await lab.memory());
    }
    test.diagnostic(`bytes: ${JSON.stringify(figures)}`);
    const [warm, , then] = figures;
    const pages = (then.core - warm.core) / 65_536;
    // Deliveries pile up where the machine is busy; what each invocation left would be hundreds.
    assert.ok(pages <= 16, `${pages} pages of the core's more`);
    const more = then.heap - warm.heap;
    assert.ok(more < 4 * count * 25, `${more} bytes of JavaScript more`);
  });
}
