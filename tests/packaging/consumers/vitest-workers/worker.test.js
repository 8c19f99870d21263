import { exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';

test('a user tests a traced Worker', async () => {
  for (let run = 0; run < 2; run++) {
    const response = await exports.default.fetch('http://consumer/');
    expect(response.status).toBe(200);
    console.log(`answer ${await response.text()}`);
  }
});
