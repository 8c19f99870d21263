// What all destinations with a name have in common: options and variables, addresses of one's own, what
// is missing or malformed, and that no credential shows. What they send is in
// tests/runtime/destinations.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { DESTINATIONS, NAMES, page } from '../../scripts/lib/destinations.mjs';
import { BACKENDS, options, variables } from './backends.ts';
import { target, url } from './destination_sent.ts';

test('every destination by OTLP is here', () => {
  const elsewhere = ['otlp', 'otlpJson', 'zipkin', 'contextCompany', 'mastraPlatform', 'consoleTree'];
  const names = NAMES.filter((name) => !elsewhere.includes(name));
  assert.deepEqual(names, Object.keys(BACKENDS).sort());
});

test('docs/destinations.md is what the destinations are', async () => {
  assert.equal(await page(), readFileSync(DESTINATIONS, 'utf8'));
});

for (const [name, backend] of Object.entries(BACKENDS)) {
  const { make, needs, headers, endpoints, path, optionalAtEndpoint = [] } = backend;
  const given = options(backend);
  const env = {};

  describe(name, () => {
    test('by options, and by variables', async () => {
      const expected = { url: backend.url, headers };
      const destination = make({ ...given, env });
      assert.match(destination.name, new RegExp(`^${name.replace(/[A-Z]/, '-?$&')}$`, 'i'));
      assert.deepEqual(destination.warnings ?? [], []);
      assert.deepEqual(await target(destination), expected);
      for (const place of [0, 1]) {
        assert.deepEqual(await target(make({ env: variables(backend, place) })), expected);
      }
      const nothing = Object.fromEntries(Object.keys(needs).map((option) => [option, undefined]));
      assert.deepEqual(await target(make({ ...nothing, env: variables(backend) })), expected);
    });

    test('options win over variables', async () => {
      const others = Object.values(needs).flatMap(({ variables }) => variables);
      const wrong = Object.fromEntries([...others, ...endpoints].map((key) => [key, 'http://other.example']));
      const { headers: said } = await target(make({ ...given, endpoint: 'https://mine.example', env: wrong }));
      for (const [header, value] of Object.entries(headers)) assert.equal(said[header], value);
    });

    test('an address of its own, with the path or without', async () => {
      const own = 'https://own.example:8443';
      const at = (endpoint: string): Promise<string> => url(make({ ...given, env, endpoint }));
      assert.equal(await at(own), own + path);
      assert.equal(await at(`${own}//`), own + path);
      assert.equal(await at(`${own}/tenant/`), own + '/tenant' + path.replace('/api/v1/otel', '/otel'));
      assert.equal(await at(own + path), own + path);
      assert.equal(await at(`${own}${path}?tenant=1#top`), `${own}${path}?tenant=1`);
      for (const variable of endpoints) {
        const { endpoint: _, ...rest } = given;
        assert.equal(await url(make({ ...rest, env: { [variable]: own } })), own + path);
      }
    });

    test('what is missing or malformed turns it off, named and not shown', () => {
      for (const [option, { variables: names, value }] of Object.entries(needs)) {
        const wrong = ['', undefined, ' ', 'undefined', 'Bearer undefined'];
        // What no header can hold; base64 holds all.
        const verbatim = Object.values(headers).some((header) => header.includes(value));
        if (verbatim) wrong.push(`${value}\n\u{1f512}`);
        for (const bad of wrong) {
          const destination = make({ ...given, [option]: bad, env });
          const problem = destination.problem ?? '';
          assert.ok(problem.startsWith(`\`${option}\` (or ${names.join(', ')}) `), `${bad}: ${problem}`);
          if (bad && bad.length > 9) assert.ok(!problem.includes(bad), problem);
        }
      }
      for (const endpoint of ['nonsense', 'ftp://host.example', 'https://user:pass@host.example']) {
        const problem = make({ ...given, env, endpoint }).problem ?? '';
        if (name === 'dash0' || name === 'traceloop') continue; // which take a bare host
        assert.match(problem, /^`endpoint`.* (is not|holds)/);
        for (const variable of endpoints) assert.ok(problem.includes(variable));
        assert.ok(!problem.includes(endpoint));
      }
      const without = Object.fromEntries(Object.entries(given).filter(([o]) => !optionalAtEndpoint.includes(o)));
      assert.equal(make({ ...without, env, endpoint: 'https://own.example' }).problem, undefined);
    });

    test('shows no credential', async () => {
      const destination = make({ ...given, env });
      const told = Object.values(headers).filter((header) => !['llmobs', 'project_name:mastra-tracing'].includes(header));
      const secrets = [...Object.values(given), ...told] as string[];
      const shown = [
        JSON.stringify(destination),
        inspect(destination, { depth: 9, showHidden: true }),
        JSON.stringify(destination.serializeForSpan()),
        destination.redact(`refused: ${secrets.join(' | ')} at ${backend.url}`),
      ];
      for (const text of shown) {
        for (const secret of secrets) {
          if (secret.length >= 4) assert.ok(!text.includes(secret), `${secret} in ${text}`);
        }
      }
    });

    test('headers and delivery of the user go before its own', async () => {
      const destination = make({
        ...given,
        env,
        name: 'mine',
        headers: { 'X-Own': '1' },
        delivery: 'whole',
        maxRequestBytes: 1234,
        maxRequestSpans: 7,
        remoteParent: 'keep',
        dialect: 'genai',
        dropTypes: [],
        limits: { attributeValueLengthLimit: 99 },
        retryBudget: 0,
        storeKey: 'tenant',
      });
      assert.deepEqual((await target(destination)).headers, { ...headers, 'x-own': '1' });
      assert.equal(destination.name, 'mine');
      const { resource: _, limits, ...settings } = destination.settings;
      assert.deepEqual(settings, {
        dialect: 'genai',
        maxBytes: 1234,
        maxSpans: 7,
        whole: true,
        remoteParent: 'keep',
        dropTypes: [],
      });
      assert.equal(limits?.attributeValueLengthLimit, 99);
      assert.equal(destination.budget, 0);
      const replaced = Object.keys(headers)[0];
      if (replaced) {
        const other = make({ ...given, env, headers: { [replaced.toUpperCase()]: 'other' } });
        assert.equal((await target(other)).headers[replaced], 'other');
      }
    });
  });
}
