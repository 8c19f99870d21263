// Memory: a thread in the in-memory store that a second run reads, and semantic recall over an
// embedder and a vector store that live here.
import { Agent } from '@mastra/core/agent';
import { InMemoryStore } from '@mastra/core/storage';
import {
  type CreateIndexParams,
  MastraVector,
  type QueryResult,
  type QueryVectorParams,
  type UpsertVectorParams,
} from '@mastra/core/vector';
import { Memory } from '@mastra/memory';
import type { Kit, Scenario } from './index.ts';

/** Counts letters: alike texts have alike vectors, the same every time. */
const embedder = {
  specificationVersion: 'v2' as const,
  provider: 'openai',
  modelId: 'letters-8',
  maxEmbeddingsPerCall: 100,
  supportsParallelCalls: true,
  async doEmbed({ values }: { values: string[] }) {
    const embeddings = values.map((text) => {
      const counts = new Array<number>(8).fill(0);
      for (const c of text.toLowerCase()) counts[(c.codePointAt(0) as number) % 8]! += 1;
      const norm = Math.hypot(...counts) || 1;
      return counts.map((count) => count / norm);
    });
    return { embeddings, usage: { tokens: values.join(' ').length }, warnings: [] };
  },
};

/** As much of a vector store as Memory asks for. */
class Vectors extends MastraVector {
  readonly #rows: { id: string; vector: number[]; metadata: Record<string, unknown> }[] = [];
  readonly #indexes = new Map<string, number>();

  async query({ queryVector = [], topK = 3, filter }: QueryVectorParams): Promise<QueryResult[]> {
    return this.#rows
      .filter(({ metadata }) =>
        Object.entries(filter ?? {}).every(([key, value]) => metadata[key] === value),
      )
      .map(({ id, vector, metadata }) => {
        return { id, metadata, score: vector.reduce((sum, x, i) => sum + x * queryVector[i]!, 0) };
      })
      .sort((a, b) => b.score - a.score)
      .slice(0, topK);
  }
  async upsert({ vectors, metadata = [], ids = [] }: UpsertVectorParams): Promise<string[]> {
    return vectors.map((vector, i) => {
      const id = ids[i] ?? `v${this.#rows.length}`;
      this.#rows.push({ id, vector, metadata: metadata[i] ?? {} });
      return id;
    });
  }
  async createIndex({ indexName, dimension }: CreateIndexParams): Promise<void> {
    this.#indexes.set(indexName, dimension);
  }
  async listIndexes(): Promise<string[]> {
    return [...this.#indexes.keys()];
  }
  async describeIndex({ indexName }: { indexName: string }) {
    return { dimension: this.#indexes.get(indexName) ?? 0, count: this.#rows.length };
  }
  async deleteIndex(): Promise<void> {}
  async updateVector(): Promise<void> {}
  async deleteVector(): Promise<void> {}
  async deleteVectors(): Promise<void> {}
}

async function twice({ make, model }: Kit, memory: Memory): Promise<string[]> {
  const rover = new Agent({
    id: 'rover',
    name: 'rover',
    instructions: 'Remember.',
    // The script goes by how many answers the prompt holds: a second text shows that it remembers.
    model: model([{ text: 'Noted: Zürich.' }, { text: 'You live in Zürich.' }]),
    memory,
  });
  const mastra = make({ agents: { rover } });
  const options = { memory: { thread: 'thread-1', resource: 'user-1' } };
  const agent = mastra.getAgent('rover');
  const first = await agent.generate('I live in Zürich.', options);
  const second = await agent.generate('Where do I live?', options);
  return [first.text, second.text];
}

export const memory = {
  memory: (kit) =>
    twice(kit, new Memory({ storage: new InMemoryStore(), options: { lastMessages: 5 } })),

  semanticRecall: (kit) =>
    twice(
      kit,
      new Memory({
        storage: new InMemoryStore(),
        vector: new Vectors({ id: 'vectors' }),
        embedder,
        options: { lastMessages: 1, semanticRecall: { topK: 2, messageRange: 1, scope: 'thread' } },
      }),
    ),
} satisfies Record<string, Scenario>;
