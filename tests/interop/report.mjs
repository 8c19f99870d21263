// What the suite prints and counts: tables with a cell for each check, and beneath a row what failed in it.
import { Unavailable } from './process.mjs';

export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;
  #widths = [36, 12];

  /** To the terminal alone: the tables are the result. */
  note = (text) => console.error(text);

  /** Begins a table; the last of `widths` holds for all columns behind. */
  table(columns, widths) {
    this.#widths = widths;
    console.log(`\n${this.#line(columns)}`);
  }

  /** A row: what it is about, then of each check its problems. undefined: it was not made. */
  row(cells, checks) {
    const told = checks.map((problems) =>
      !problems ? '-' : problems.length === 0 ? 'ok' : `FAILED (${problems.length})`,
    );
    console.log(this.#line([...cells, ...told]));
    for (const problems of checks) {
      if (!problems) continue;
      this[problems.length === 0 ? 'passed' : 'failed']++;
      for (const problem of problems.slice(0, 5)) console.log(`    ${problem.slice(0, 1200)}`);
    }
  }

  /** What `make` gives; undefined, and a skip that everybody sees, where it throws Unavailable. */
  async unlessUnavailable(name, make) {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.skipped++;
      console.log(`SKIPPED: ${name}: ${error.message}`);
      return undefined;
    }
  }

  /** Ends the suite. */
  summary() {
    console.log(`${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
    process.exitCode = this.failed === 0 ? 0 : 1;
  }

  #line(cells) {
    const width = (i) => this.#widths[Math.min(i, this.#widths.length - 1)];
    return cells.map((cell, i) => `${cell}`.padEnd(width(i))).join('').trimEnd();
  }
}
