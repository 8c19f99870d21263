// Stand-ins for the bindings that miniflare cannot run. Their classes have the names that the platform's
// have, since that is what bindings are told by; their private fields make sure that calls reach them.

/** Workers AI, scripted. */
export class FakeAi {
  static {
    Object.defineProperty(this, 'name', { value: 'Ai' });
  }
  readonly #answer = 'words';

  /** A promise, but for what is `lazy`. */
  run(model: string, inputs: Record<string, any>): unknown {
    return inputs.lazy ?? this.#run(model, inputs);
  }
  async #run(model: string, inputs: Record<string, any>): Promise<unknown> {
    if (inputs.fail) throw new TypeError('no such model');
    if (inputs.text) return { shape: [1, 2], data: [[0, 1]] };
    return { response: `${this.#answer} of ${model}`, usage: { prompt_tokens: 5, completion_tokens: 3 } };
  }
}

/** Vectorize, with two vectors. */
export class FakeVectorize {
  static {
    Object.defineProperty(this, 'name', { value: 'VectorizeIndexImpl' });
  }
  readonly #ids = ['a', 'b'];

  async query(_vector: number[], _options?: unknown): Promise<unknown> {
    return { count: 2, matches: this.#ids.map((id) => ({ id, score: 1 })) };
  }
  async upsert(vectors: { id: string }[]): Promise<unknown> {
    return { mutationId: 'm', ids: vectors.map(({ id }) => id) };
  }
}
